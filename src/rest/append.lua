-- Appends ARGV[4] to the string at KEYS[1], which need not exist. Answers its length then, or -5 where it would be longer
-- than Redis allows.
if kind ~= 'none' and kind ~= 'string' then return redis.error_reply(wrong_type) end
local reply = redis.pcall('APPEND', KEYS[1], ARGV[4])
if type(reply) == 'table' and string.find(reply.err, 'exceeds maximum allowed size', 1, true) then return -5 end
return reply
