-- Keeps what became of a request, for a time in seconds, or forgets the request where nothing did.
if redis.call('HGET', KEYS[1], 'request') ~= ARGV[1] then return 0 end
if not ARGV[2] then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])
