-- Moves the item, the first or the last one, from the end ARGV[3] to the end ARGV[4] of the list at KEYS[2]. Answers it, -5
-- where it has more than ARGV[2] bytes.
if #item > tonumber(ARGV[2]) then return -5 end
return redis.pcall('LMOVE', KEYS[1], KEYS[2], ARGV[3], ARGV[4])
