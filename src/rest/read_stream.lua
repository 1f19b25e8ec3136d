-- A page of the stream at KEYS[1], by ARGV[2], XRANGE or XREVRANGE, from the id ARGV[3] to ARGV[4]: 1 where there is more
-- behind it, else 0, then of each entry its id, how many strings its fields are, and those. It has up to ARGV[5] entries,
-- and ends before what would give it more than ARGV[1] bytes. Answers -2 alone where there is nothing, -4 and its id
-- where the first entry has more.
if redis.call('EXISTS', KEYS[1]) == 0 then return {-2} end
local most, limit = tonumber(ARGV[1]), tonumber(ARGV[5])
local page, count, bytes, from = {0}, 0, 0, ARGV[3]
-- A few at a time, since any of them may be large.
repeat
  local entries = redis.call(ARGV[2], KEYS[1], from, ARGV[4], 'COUNT', math.min(10, limit - count + 1))
  for _, entry in ipairs(entries) do
    -- An empty string counts, too: there may be many.
    for _, string in ipairs(entry[2]) do bytes = bytes + #string + 4 end
    if bytes > most and count == 0 then return {-4, entry[1]} end
    if bytes > most or count == limit then
      page[1] = 1
      return page
    end
    page[#page + 1] = entry[1]
    page[#page + 1] = #entry[2]
    for _, string in ipairs(entry[2]) do page[#page + 1] = string end
    count = count + 1
    from = '(' .. entry[1]
  end
-- Redis takes no range beyond the largest id.
until #entries < 10 or from == '(' .. ARGV[4]
return page
