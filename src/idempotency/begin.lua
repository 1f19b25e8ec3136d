-- Whether this is the first attempt at the request, or what became of the first. The mark of a first lives as long as its answer
-- would: of one that is heard of no more nobody knows what it did.
local first, answer, ends = unpack(redis.call('HMGET', KEYS[1], 'request', 'answer', 'ends'))
local request, attempt, running, keep = unpack(ARGV)
local now = tonumber(redis.call('TIME')[1])
if not first then
  redis.call('HSET', KEYS[1], 'request', request, 'attempt', attempt, 'ends', now + running)
  redis.call('EXPIRE', KEYS[1], keep)
  return 'first'
end
if first ~= request then return 'other' end
if answer then return answer end
return now < tonumber(ends) and 'running' or 'unknown'
