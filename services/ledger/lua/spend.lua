-- What one person may kill alone in a window. ARGV: prefix, tenant, kills, window ms, cids ...
-- Returns how many are taken: all of the cids, or none. Without cids: how many were taken in this window.
local key = ARGV[1] .. ':alone:' .. ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - tonumber(ARGV[4]))
local used = redis.call('ZCARD', key)
if #ARGV == 4 then return used end
local new = 0
for i = 5, #ARGV do
  if not redis.call('ZSCORE', key, ARGV[i]) then new = new + 1 end
end
if used + new > tonumber(ARGV[3]) then return 0 end
for i = 5, #ARGV do redis.call('ZADD', key, now, ARGV[i]) end
redis.call('PEXPIRE', key, ARGV[4])
return #ARGV - 4
