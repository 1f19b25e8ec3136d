-- Adds elements to the value at KEYS[1] of the type ARGV[3], which need not exist, by the command ARGV[4], and removes
-- others by the command ARGV[5]. ARGV[6] counts the strings to add, which follow it; behind them stand those to remove.
-- Answers how many elements are new and how many are gone, as JSON; -2 where there is no value and none is made.
if kind ~= 'none' and kind ~= ARGV[3] then return redis.error_reply(wrong_type) end
local no_right = denied(ARGV[4], ARGV[5])
if no_right then return no_right end
local last_added = 6 + tonumber(ARGV[6])
if kind == 'none' and last_added == 6 then return -2 end
local function in_parts(command, first, last)
  local count = 0
  for start = first, last, 5000 do
    count = count + redis.call(command, KEYS[1], unpack(ARGV, start, math.min(start + 4999, last)))
  end
  return count
end
-- In this order, so that a value of which nothing stays but what is added keeps its time to live.
local added = in_parts(ARGV[4], 7, last_added)
local removed = in_parts(ARGV[5], last_added + 1, #ARGV)
return cjson.encode({added, removed})
