-- Makes KEYS[1] the set that the command ARGV[7] makes of those at the keys behind it, and replaces what stands there:
-- another type only where ARGV[4] is 'any'. The command ARGV[5], where there is one, with ARGV[6] gives it its time to
-- live. Answers 1 where the key is new, else 0, and how many members it has, as JSON; without one, there is no key.
if kind ~= 'none' and kind ~= ARGV[3] and ARGV[4] ~= 'any' then return redis.error_reply(wrong_type) end
local count = redis.call(ARGV[7], unpack(KEYS))
if ARGV[5] ~= '' then redis.call(ARGV[5], KEYS[1], ARGV[6]) end
return cjson.encode({kind == 'none' and count > 0 and 1 or 0, count})
