-- Stands before a library, in which it takes the place of `redis.register_function`: registers each function a second
-- time, under its name with a prefix, packing what it returns. Joined to one line. While a library is loaded, Lua's own
-- functions are not there.
local function redstart_register(first, callback, ...)
  local function packing(callback) return function(...) return cmsgpack.pack((callback(...))) end end
  if callback ~= nil then
    redis.register_function(first, callback, ...)
    return redis.register_function('redstart__' .. first, packing(callback))
  end
  redis.register_function(first)
  return redis.register_function({
    function_name = 'redstart__' .. first.function_name,
    callback = packing(first.callback),
    flags = first.flags,
    description = first.description,
  })
end
