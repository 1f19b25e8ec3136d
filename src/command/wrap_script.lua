local ok, reply = xpcall(function(...) --[[the caller's script]]
end, rawget(_G, '__redis__err__handler') or function(reply) return reply end)
if ok then return cmsgpack.pack(reply) end
if type(reply) ~= 'table' then reply = {err = 'ERR ' .. tostring(reply)} end
local text = type(reply.err) == 'string' and reply.err or ''
if reply.source and reply.line then text = text .. ' script: ' .. '--[[its SHA-1]]' .. ', on ' .. reply.source .. ':' .. reply.line .. '.' end
return cmsgpack.pack({err = text})
