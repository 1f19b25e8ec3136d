-- Appends ARGV[3] to the string at KEYS[1]. Answers its length then, or -2 where there is none.
if kind == 'none' then return -2 end
if kind ~= 'string' then return redis.error_reply(wrong_type) end
return redis.call('APPEND', KEYS[1], ARGV[3])
