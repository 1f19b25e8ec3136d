-- The strings at KEYS, nil where there is none. Where they have more than ARGV[1] bytes together, that number alone.
local bytes = 0
for _, key in ipairs(KEYS) do
  local length = redis.pcall('STRLEN', key)
  if type(length) == 'number' then bytes = bytes + length end
end
if bytes > tonumber(ARGV[1]) then return {bytes} end
return redis.call('MGET', unpack(KEYS))
