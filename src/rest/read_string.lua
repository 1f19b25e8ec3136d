-- The string at KEYS[1] and its time to live, as PTTL says it. Answers nothing where there is none.
local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' then return value end
if not value then return {} end
return {value, redis.call('PTTL', KEYS[1])}
