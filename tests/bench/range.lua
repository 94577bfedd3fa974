-- Random ranges of 8 MiB over kept connections, as players ask; the same row of places for every
-- server, since wrk seeds each run alike. SIZE, in bytes, comes from the environment.
local size = tonumber(os.getenv("SIZE"))
local span = 8 * 1024 * 1024

request = function()
    local from = math.random(0, size - span)
    return wrk.format("GET", nil, { ["Range"] = "bytes=" .. from .. "-" .. (from + span - 1) })
end

-- One line for the caller.
done = function(summary)
    local failed = summary.errors
    print(string.format("BYTES %d MICROSECONDS %d FAILED %d", summary.bytes, summary.duration,
        failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
