-- Appends entries to a stream, and publishes each new one on the pub/sub channel of the same name.
--
-- KEYS[1]  stream and channel
-- ARGV     approximate maximum length of the stream, then id, payload, id, payload, …
--
-- Ids must increase. An id that does not was published before; its entry is neither appended nor published again.
local published = 0
for at = 2, #ARGV, 2 do
    local reply = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[at], 'd', ARGV[at + 1])
    if type(reply) == 'table' and reply.err then
        if not string.find(reply.err, 'equal or smaller', 1, true) then
            return reply
        end
    else
        redis.call('PUBLISH', KEYS[1], ARGV[at + 1])
        published = published + 1
    end
end
return published
