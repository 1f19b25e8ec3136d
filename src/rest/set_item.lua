-- Makes the item ARGV[2]. Answers 0.
redis.call('LSET', KEYS[1], ARGV[1], ARGV[2])
return 0
