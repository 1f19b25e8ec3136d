-- Keeps the answer of an attempt, or forgets the request where nothing came of it. It may have been forgotten already, but never
-- is what another attempt has marked touched.
local request, attempt, keep, answer = unpack(ARGV)
local mark = redis.call('HGET', KEYS[1], 'attempt')
if mark and mark ~= attempt then return 0 end
if not answer then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'request', request, 'attempt', attempt, 'answer', answer)
return redis.call('EXPIRE', KEYS[1], keep)
