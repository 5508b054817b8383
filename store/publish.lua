-- Entries to a stream and, each that is new, to the pub/sub channel of the same name.
--
-- KEYS[1]  stream and channel
-- ARGV     how many entries to keep, then id, payload, id, payload, …
--
-- Ids must grow. One that does not was published before, so it is neither kept nor announced again.
local fresh = 0
for at = 2, #ARGV, 2 do
    local reply = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[at], 'd', ARGV[at + 1])
    if type(reply) == 'table' and reply.err then
        if not string.find(reply.err, 'equal or smaller', 1, true) then
            return reply
        end
    else
        redis.call('PUBLISH', KEYS[1], ARGV[at + 1])
        fresh = fresh + 1
    end
end
return fresh
