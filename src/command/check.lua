-- Whether Redis would take each of the commands into a transaction. If not, answers with the reason, and runs none.
local rows = {}
local function row_of(name)
  name = string.lower(name)
  if rows[name] == nil then rows[name] = redis.call('COMMAND', 'INFO', name)[1] end
  return rows[name]
end
local function is_wrong(words)
  local row = row_of(words[1])
  if row and #row[10] > 0 and words[2] then row = row_of(words[1] .. '|' .. words[2]) end
  if not row then return true end
  local arity = row[2]
  return (arity > 0 and #words ~= arity) or #words < -arity
end
for _, words in ipairs(commands) do
  if is_wrong(words) then
    return {err = 'EXECABORT Transaction discarded because of previous errors.'}
  end
end
