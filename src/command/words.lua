-- How many bytes the answers may take, then the commands in ARGV, each behind the number of its words.
local most, commands, start = tonumber(ARGV[1]), {}, 2
while start <= #ARGV do
  local last = start + tonumber(ARGV[start])
  commands[#commands + 1] = {unpack(ARGV, start + 1, last)}
  start = last + 1
end
