-- Takes the item, the first or the last one, and those next to it off the list, by the command ARGV[3]: up to ARGV[4], and
-- as many as have up to ARGV[2] bytes together. Answers them as rest/packed.rs reads them, -5 where the first is too large.
local index, step = tonumber(ARGV[1]), ARGV[3] == 'LPOP' and 1 or -1
local packed, bytes = {}, 0
while item and #packed < tonumber(ARGV[4]) do
  bytes = bytes + #item
  if bytes > tonumber(ARGV[2]) then break end
  packed[#packed + 1] = #item .. ':' .. item
  index = index + step
  item = redis.call('LINDEX', KEYS[1], index)
end
if #packed == 0 then return -5 end
local reply = table.concat(packed)
-- Last, so that nothing is lost where memory does not suffice for the rest.
redis.call(ARGV[3], KEYS[1], #packed)
return reply
