-- What stands at KEYS[1], and whether the conditions ARGV[1] (If-Match) and ARGV[2] (If-None-Match) hold for it: each
-- is '' where there is none, '*', or SHA-1s of values with a space around each. Answers -1 where one does not hold.
local kind = redis.call('TYPE', KEYS[1])['ok']
local function is_named(tags)
  if kind == 'none' then return false end
  if tags == '*' then return true end
  if kind ~= 'string' then return false end
  local digest = redis.sha1hex(redis.call('GET', KEYS[1]))
  return string.find(tags, digest, 1, true) ~= nil
end
if (ARGV[1] ~= '' and not is_named(ARGV[1])) or (ARGV[2] ~= '' and is_named(ARGV[2])) then
  return -1
end
local wrong_type = 'WRONGTYPE Operation against a key holding the wrong kind of value'
