-- The value at KEYS[1] of the type ARGV[1]: its time to live as PTTL says it, then the strings of its elements, which the
-- command ARGV[5] with the arguments that follow reads. Answers -2 alone where there is nothing; -3 and how many they are
-- where ARGV[2] counts more than ARGV[3]; -4 where it is certain that they have more than ARGV[4] bytes together.
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return {-2} end
if kind ~= ARGV[1] then return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value') end
local count = redis.call(ARGV[2], KEYS[1])
if count > tonumber(ARGV[3]) then return {-3, count} end
-- What Redis spends on an element beside its bytes is less than what is granted for it here.
if redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) > 2 * tonumber(ARGV[4]) + 1000 * count + 1000 then return {-4} end
local reply = redis.call(ARGV[5], KEYS[1], unpack(ARGV, 6))
table.insert(reply, 1, redis.call('PTTL', KEYS[1]))
return reply
