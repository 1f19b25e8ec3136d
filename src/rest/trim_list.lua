-- Keeps of the list at KEYS[1] the items from ARGV[4] to ARGV[5] alone. Answers how many they are, -2 where there is no
-- list.
if kind == 'none' then return -2 end
if kind ~= 'list' then return redis.error_reply(wrong_type) end
redis.call('LTRIM', KEYS[1], ARGV[4], ARGV[5])
return redis.call('LLEN', KEYS[1])
