-- Removes the item, and none that is equal to it. Redis removes by value, the first or the last that it finds: so the item
-- is first given one that none has on the way to it, ARGV[2] or what is made of that. Answers 0.
if not redis.acl_check_cmd('LREM', KEYS[1], '1', 'item') then return redis.error_reply('NOPERM LREM is denied') end
local index, mark = tonumber(ARGV[1]), ARGV[2]
local way, distance = 1, index + 1
if index < 0 then way, distance = -1, -index end
while redis.call('LPOS', KEYS[1], mark, 'RANK', way, 'MAXLEN', distance) do mark = redis.sha1hex(mark) end
redis.call('LSET', KEYS[1], ARGV[1], mark)
redis.call('LREM', KEYS[1], way, mark)
return 0
