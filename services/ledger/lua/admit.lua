-- The cap on inferred kills. ARGV: prefix, cid, kills, window ms. Returns 1: go, 0: held.
local key = ARGV[1] .. ':cap'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - tonumber(ARGV[4]))
if redis.call('ZSCORE', key, ARGV[2]) then return 1 end
if redis.call('ZCARD', key) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', key, now, ARGV[2])
return 1
