-- The score and the rank of the member ARGV[1] of the sorted set at KEYS[1]. Answers nothing where there is none.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
return score and {score, redis.call('ZRANK', KEYS[1], ARGV[1])} or {}
