-- Runs ARGV[1], RENAME or COPY, from KEYS[1] to KEYS[2], over what is there only where ARGV[2] is 'replace'.
-- Answers -2 where there is nothing to take, -3 where something is in the way, else 0.
if redis.call('EXISTS', KEYS[1]) == 0 then return -2 end
if redis.call('EXISTS', KEYS[2]) == 1 and ARGV[2] ~= 'replace' then return -3 end
if ARGV[1] == 'COPY' then
  redis.call('COPY', KEYS[1], KEYS[2], 'REPLACE')
else
  redis.call('RENAME', KEYS[1], KEYS[2])
end
return 0
