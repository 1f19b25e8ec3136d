-- Runs the command ARGV[1] on KEYS[1] with the arguments that follow. Answers 0 where there is no such key, else 1.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))
return 1
