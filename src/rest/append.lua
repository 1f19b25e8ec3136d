-- Appends ARGV[3] to the string at KEYS[1]. Answers its length then, -2 where there is none, or -3 where it would be
-- longer than Redis allows.
if kind == 'none' then return -2 end
if kind ~= 'string' then return redis.error_reply(wrong_type) end
local reply = redis.pcall('APPEND', KEYS[1], ARGV[3])
if type(reply) == 'table' and string.find(reply.err, 'exceeds maximum allowed size', 1, true) then return -3 end
return reply
