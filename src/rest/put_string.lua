-- Sets KEYS[1] to ARGV[5] with the options of SET that follow it; over another type only where ARGV[4] is 'any'.
-- Answers 1 where the key is new, 0 where a value was replaced.
if kind ~= 'none' and kind ~= 'string' and ARGV[4] ~= 'any' then
  return redis.error_reply(wrong_type)
end
redis.call('SET', KEYS[1], ARGV[5], unpack(ARGV, 6))
return kind == 'none' and 1 or 0
