-- What stands at KEYS[1], and whether the conditions ARGV[1] (If-Match) and ARGV[2] (If-None-Match) hold for it, which
-- is to be of the type ARGV[3]: each is '' where there is none, '*', or SHA-1s of values with a space around each.
-- Answers -1 where one does not hold, -4 where the value has too many elements, or too many bytes, to tell.
local kind = redis.call('TYPE', KEYS[1])['ok']

-- The error where Redis's ACL denies one of these commands on KEYS[1]: before the first write, so that none is left half
-- done.
local function denied(...)
  for _, command in ipairs({...}) do
    local is_allowed = redis.acl_check_cmd(command, KEYS[1], '0', '0')
    if not is_allowed then return redis.error_reply('NOPERM ' .. command .. ' is denied') end
  end
end
local wrong_type = 'WRONGTYPE Operation against a key holding the wrong kind of value'

-- How a type made of elements is counted and read, how many strings make an element, whether their order counts.
local types = {
  hash = {count = 'HLEN', read = {'HGETALL', KEYS[1]}, strings = 2},
  list = {count = 'LLEN', read = {'LRANGE', KEYS[1], 0, -1}, strings = 1, is_ordered = true},
  set = {count = 'SCARD', read = {'SMEMBERS', KEYS[1]}, strings = 1},
  zset = {count = 'ZCARD', read = {'ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'}, strings = 2},
}

-- The digest in the value's entity tag; rest/entity_tag.rs defines the same.
local function digest()
  local of = types[kind]
  if not of then return redis.sha1hex(redis.call('GET', KEYS[1])) end
  local strings, digests = redis.call(unpack(of.read)), {}
  for i = 1, #strings, of.strings do
    local element = {}
    for j = i, i + of.strings - 1 do element[#element + 1] = #strings[j] .. ':' .. strings[j] end
    digests[#digests + 1] = redis.sha1hex(table.concat(element))
  end
  if not of.is_ordered then table.sort(digests) end
  return redis.sha1hex(table.concat(digests))
end

local function names_a_value(tags)
  return tags ~= '' and tags ~= '*' and kind == ARGV[3]
end
local tag = ''
if names_a_value(ARGV[1]) or names_a_value(ARGV[2]) then
  if types[kind] and redis.call(types[kind].count, KEYS[1]) > 10000 then return -4 end
  if types[kind] and redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) > 256 * 1024 * 1024 then return -4 end
  tag = digest()
end
local function is_named(tags)
  if kind == 'none' then return false end
  return tags == '*' or (tag ~= '' and string.find(tags, tag, 1, true) ~= nil)
end
if (ARGV[1] ~= '' and not is_named(ARGV[1])) or (ARGV[2] ~= '' and is_named(ARGV[2])) then
  return -1
end
