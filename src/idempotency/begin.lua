-- Whether this is the first such request: if so, marks it as running. Else what became of the first.
local first, answer = unpack(redis.call('HMGET', KEYS[1], 'request', 'answer'))
if not first then
  redis.call('HSET', KEYS[1], 'request', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 'first'
end
if first ~= ARGV[1] then return 'other' end
return answer or 'running'
