-- A page of the sorted set at KEYS[1]: the cursor of the next one, '' where there is none, then members and scores from
-- the lowest on. It is of the members from ARGV[4] to ARGV[5], which are ranks, scores or members as ARGV[3] says, and has
-- at most ARGV[2] of them: the highest where ARGV[6] is 'rev', else the lowest. A cursor, ARGV[7], is a score, with the
-- beginning of a member, ARGV[8]; it stands between two members, and the page is of those that lie beyond it.
-- Answers -2 alone where there is nothing, -4 where the page has more than ARGV[1] bytes, -5 where a cursor would have
-- to hold too much of a member.
local key, limit, rev = KEYS[1], tonumber(ARGV[2]), ARGV[6] == 'rev'
local count = redis.call('ZCARD', key)
if count == 0 then return {-2} end

-- Where `a` has another byte than `b`, or ends, if that is not behind the longest beginning that a cursor may hold.
local longest = 8192
local function difference(a, b)
  local i = 1
  while i <= math.min(#a, longest) and string.byte(a, i) == string.byte(b, i) do i = i + 1 end
  return i
end
-- As Redis orders them: Lua's own `<` follows the locale.
local function is_before(a, b)
  local i = difference(a, b)
  return (string.byte(a, i) or -1) < (string.byte(b, i) or -1)
end

-- The ranks of the first and the last that are asked for.
local first, last
local counting = ({score = {'ZCOUNT', '-inf', '+inf'}, lex = {'ZLEXCOUNT', '-', '+'}})[ARGV[3]]
if counting then
  first = count - redis.call(counting[1], key, ARGV[4], counting[3])
  last = redis.call(counting[1], key, counting[2], ARGV[5]) - 1
else
  first, last = tonumber(ARGV[4]), tonumber(ARGV[5])
  if first < 0 then first = math.max(first + count, 0) end
  if last < 0 then last = last + count end
  last = math.min(last, count - 1)
end

if ARGV[7] ~= '' then
  -- The rank of the first behind the cursor, among those of its score.
  local low, high = redis.call('ZCOUNT', key, '-inf', '(' .. ARGV[7]), redis.call('ZCOUNT', key, '-inf', ARGV[7])
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_before(redis.call('ZRANGE', key, middle, middle)[1], ARGV[8]) then low = middle + 1 else high = middle end
  end
  if rev then last = math.min(last, low - 1) else first = math.max(first, low) end
end
if first > last then return {''} end

local from = rev and math.max(first, last - limit + 1) or first
local to = rev and last or math.min(last, first + limit - 1)
local page, bytes = redis.call('ZRANGE', key, from, to, 'WITHSCORES'), 0
for _, text in ipairs(page) do bytes = bytes + #text end
if bytes > tonumber(ARGV[1]) then return {-4} end

-- Before the member of this rank, the page ends or the next one does: of that member, the cursor holds no more than what
-- tells it from the one below.
local edge, cursor = rev and from or to + 1, ''
if first < edge and edge <= last then
  local below, below_score, member, score = unpack(redis.call('ZRANGE', key, edge - 1, edge, 'WITHSCORES'))
  local length = tonumber(below_score) == tonumber(score) and difference(member, below) or 0
  if length > longest then return {-5} end
  cursor = score .. ' ' .. string.sub(member, 1, length)
end
table.insert(page, 1, cursor)
return page
