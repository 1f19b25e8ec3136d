-- Sets fields of the hash at KEYS[1], which need not exist, and deletes others: ARGV[4] counts the names and values that
-- follow it, behind which the names to delete stand. Answers -2 where there is no hash and none is made, else 0.
if kind ~= 'none' and kind ~= 'hash' then return redis.error_reply(wrong_type) end
local last_set = 4 + tonumber(ARGV[4])
if kind == 'none' and last_set == 4 then return -2 end
local function in_parts(command, first, last)
  for start = first, last, 5000 do
    redis.call(command, KEYS[1], unpack(ARGV, start, math.min(start + 4999, last)))
  end
end
in_parts('HSET', 5, last_set)
in_parts('HDEL', last_set + 1, #ARGV)
return 0
