-- Runs the command ARGV[1] on KEYS[1] with the arguments that follow. Answers -2 where there is no such key, else 0.
if redis.call('EXISTS', KEYS[1]) == 0 then return -2 end
redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
return 0
