-- What the sets at KEYS make together, by ARGV[1]: 'union', 'inter' or 'diff'. Sets that do not exist are empty.
-- Answers 0 and the members; -3 alone where they are more than ARGV[2], -4 where they have more than ARGV[3] bytes
-- together. Redis's own commands would gather all of them before that shows; here it ends there.
local is_inter, keys, sizes = ARGV[1] == 'inter', {unpack(KEYS)}, {}
for _, key in ipairs(keys) do sizes[key] = redis.call('SCARD', key) end
-- The smallest set has all that an intersection can have.
if is_inter then table.sort(keys, function(a, b) return sizes[a] < sizes[b] end) end
-- Members come from the sets up to this one; those behind it say which of them stay.
local last_source = ARGV[1] == 'union' and #keys or 1
local function stays(member)
  for i = last_source + 1, #keys do
    if (redis.call('SISMEMBER', keys[i], member) == 1) ~= is_inter then return false end
  end
  return true
end
local reply, known, count, bytes = {0}, {}, 0, 0
for i = 1, last_source do
  local cursor = '0'
  repeat
    local page = redis.call('SSCAN', keys[i], cursor, 'COUNT', 100)
    cursor = page[1]
    for _, member in ipairs(page[2]) do
      if not known[member] and stays(member) then
        known[member], count, bytes = true, count + 1, bytes + #member
        reply[count + 1] = member
        if count > tonumber(ARGV[2]) then return {-3} end
        if bytes > tonumber(ARGV[3]) then return {-4} end
      end
    end
  until cursor == '0'
end
return reply
