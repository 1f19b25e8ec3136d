-- A page of the value at KEYS[1]: the next cursor, then what is on it, by the command ARGV[2] with the arguments that
-- follow. Answers -2 alone where there is nothing, -4 where the page has more than ARGV[1] bytes.
if redis.call('EXISTS', KEYS[1]) == 0 then return {-2} end
local reply = redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
local page, bytes = {reply[1]}, 0
for i, string in ipairs(reply[2]) do
  bytes = bytes + #string
  page[i + 1] = string
end
if bytes > tonumber(ARGV[1]) then return {-4} end
return page
