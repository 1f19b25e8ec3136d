-- A part of the list at KEYS[1]: its time to live as PTTL says it, then the items from ARGV[3] to ARGV[4], counted as LRANGE
-- does. Answers -2 alone where there is no list, -3 where the items are more than ARGV[1], -4 where they have more than
-- ARGV[2] bytes together.
local length = redis.pcall('LLEN', KEYS[1])
if type(length) == 'table' then return length end
if length == 0 then return {-2} end
local function from_the_start(index)
  return index < 0 and index + length or index
end
local first = math.max(from_the_start(tonumber(ARGV[3])), 0)
local last = math.min(from_the_start(tonumber(ARGV[4])), length - 1)
if last - first >= tonumber(ARGV[1]) then return {-3} end
local reply, bytes, step = {redis.call('PTTL', KEYS[1])}, 0, 1
while first <= last do
  for _, item in ipairs(redis.call('LRANGE', KEYS[1], first, math.min(first + step - 1, last))) do
    bytes = bytes + #item
    if bytes > tonumber(ARGV[2]) then return {-4} end
    reply[#reply + 1] = item
  end
  -- No more at once than twice what was small enough so far: items may be huge.
  first, step = first + step, math.min(2 * step, 100)
end
return reply
