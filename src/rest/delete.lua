-- Deletes KEYS[1], which must be of the type ARGV[3]. Answers -2 where there is nothing.
if kind == 'none' then return -2 end
if kind ~= ARGV[3] then return redis.error_reply(wrong_type) end
return redis.call('UNLINK', KEYS[1])
