-- Runs the command ARGV[1] on KEYS[1] with the arguments that follow, and answers what it does: a number from 0. Answers
-- -2 where there is no such key.
if redis.call('EXISTS', KEYS[1]) == 0 then return -2 end
return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
