-- Makes KEYS[1] a value of the type ARGV[3] of the strings from ARGV[8] on, which the command ARGV[7] takes. What stands
-- there is replaced where ARGV[4] is 'any', or 'same' and it is of that type. The command ARGV[5], where there is one,
-- with ARGV[6] gives it its time to live; 'KEEP' leaves that as it was.
-- Answers 1 where the key is new, 0 where a value was replaced, -3 where one is in the way.
if kind ~= 'none' and ARGV[4] == 'new' then return -3 end
if kind ~= 'none' and kind ~= ARGV[3] and ARGV[4] ~= 'any' then return redis.error_reply(wrong_type) end
local expires = ARGV[5] ~= '' and ARGV[5] or 'EXPIRE'
if expires == 'KEEP' then expires = 'PEXPIREAT' end
local no_right = denied('UNLINK', ARGV[7], expires)
if no_right then return no_right end
local kept = ARGV[5] == 'KEEP' and redis.call('PEXPIRETIME', KEYS[1]) or -1
redis.call('UNLINK', KEYS[1])
-- As many as fit on Lua's stack; an even number, since an element may be two.
for first = 8, #ARGV, 5000 do
  redis.call(ARGV[7], KEYS[1], unpack(ARGV, first, math.min(first + 4999, #ARGV)))
end
if ARGV[5] == 'KEEP' then
  if kept > 0 then redis.call('PEXPIREAT', KEYS[1], kept) end
elseif ARGV[5] ~= '' then
  redis.call(ARGV[5], KEYS[1], ARGV[6])
end
return kind == 'none' and 1 or 0
