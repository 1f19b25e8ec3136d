-- Runs the commands, and packs what each answers, errors as well, one behind the other; once that is more than it may be, no
-- further one is run. Lua's numbers hold 53 bits: where the reply is a larger integer, it is what the command has left at
-- its key, and is read there as text.
local left = {INCR = 'GET', INCRBY = 'GET', DECR = 'GET', DECRBY = 'GET', HINCRBY = 'HGET'}
local answers, bytes = {}, 0
for i, words in ipairs(commands) do
  local reply = redis.pcall(unpack(words))
  if type(reply) == 'number' and math.abs(reply) >= 2 ^ 53 then
    local read, text = left[string.upper(words[1])], nil
    if read == 'GET' then text = redis.pcall('GET', words[2]) end
    if read == 'HGET' then text = redis.pcall('HGET', words[2], words[3]) end
    if type(text) == 'string' then reply = {integer = text} end
  end
  answers[i] = cmsgpack.pack(reply)
  bytes = bytes + #answers[i]
  if bytes > most then break end
end
return table.concat(answers)
