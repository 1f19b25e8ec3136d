-- What wrk sends, and how it says what came of it. Arguments: the method, the path, how many requests to send at once on a
-- connection, the file of the body or "-", and the headers, as name and value in turn.

function init(args)
    wrk.method = args[1]
    wrk.path = args[2]
    if args[4] ~= "-" then
        local file = assert(io.open(args[4], "rb"))
        wrk.body = file:read("*a")
        file:close()
    end
    for i = 5, #args, 2 do
        wrk.headers[args[i]] = args[i + 1]
    end
    local at_once = tonumber(args[3])
    if at_once > 1 then
        -- Only then: wrk asks a script that has this function for each request anew.
        local batch = string.rep(wrk.format(), at_once)
        request = function() return batch end
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        'FIGURES {"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "p99_9_ms": %.3f, "longest_ms": %.3f, '
            .. '"errors": {"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        latency:percentile(99.9) / 1e3, latency.max / 1e3,
        errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
