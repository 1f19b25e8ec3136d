-- Deletes KEYS[1], which must be of the type ARGV[3]. Answers how many keys that were.
if kind == 'none' then return 0 end
if kind ~= ARGV[3] then return redis.error_reply(wrong_type) end
return redis.call('DEL', KEYS[1])
