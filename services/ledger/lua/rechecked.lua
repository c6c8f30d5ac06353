-- Looked at once more, and still dead. Only a recheck whose own moment has come: the job that settled a credential ends after
-- its outcome may have been folded, and must not take away the recheck that this fold has just set.
-- ARGV: prefix, cid
local prefix, cid = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = redis.call('ZSCORE', prefix .. ':at:recheck', cid)
if at and tonumber(at) > now then return 0 end
return redis.call('ZREM', prefix .. ':due:recheck', cid)
