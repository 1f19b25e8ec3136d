-- Takes one request from each quota, or from none where one is used up: the generic cell rate algorithm. A key holds when its
-- quota will be full again, in microseconds; each request moves that on by the time in which one request grows back. No
-- quota is further from full than its window, also where that was longer before.
local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000000 + micros
local window = ARGV[1] * 1000000
local full, each, wait = {}, {}, 0
for index, key in ipairs(KEYS) do
  each[index] = window / ARGV[index + 1]
  full[index] = math.min(math.max(tonumber(redis.call('GET', key)) or now, now), now + window)
  wait = math.max(wait, full[index] + each[index] - now - window)
end
-- What the numbers lose on the way is no reason to wait.
if wait < 0.01 then wait = 0 end
local state = {string.format('%.0f', math.ceil(wait / 1000000))}
for index, key in ipairs(KEYS) do
  if wait == 0 then
    full[index] = full[index] + each[index]
    redis.call('SET', key, string.format('%.3f', full[index]), 'PX', math.ceil((full[index] - now) / 1000))
  end
  local left = full[index] - now
  state[#state + 1] = string.format('%.0f', math.max(math.floor((window - left) / each[index] + 0.001), 0))
  state[#state + 1] = string.format('%.0f', math.ceil(left / 1000000))
end
return table.concat(state, ' ')
