-- The item ARGV[1], below 0 from the end, of the list at KEYS[1]. Answers -2 where there is none.
local item = redis.pcall('LINDEX', KEYS[1], ARGV[1])
if type(item) == 'table' then return item end
if not item then return -2 end
