-- Takes a slot for one call, or says how long to wait: {1, 0, ''} or {0, ms, why}.
-- KEYS: state, strikes, bucket of the group, flying of the group, then flying of every group
-- ARGV: slot id, lease ms, calls per second, burst, bucket reserve, in-flight limit of the lane,
--       lockout strikes (0: no lockout), lockout window ms, lockout reserve
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local strikes, window = tonumber(ARGV[7]), tonumber(ARGV[8])

-- A missing budget (first start, FLUSHALL) has forgotten its strikes: until a window has passed only one call at a time,
-- as if all but one of the allowed strikes had just been seen.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'born', now)
  for i = 1, strikes - 2 do redis.call('ZADD', KEYS[2], now, 'birth' .. i) end
end

local paused = tonumber(redis.call('HGET', KEYS[1], 'pausedUntil') or '0')
if paused > now then return { 0, paused - now, 'paused' } end

-- A killed process gives its slot back when its lease ends. What its call was answered is unknown: it counts as a strike.
local flying = 0
for i = 5, #KEYS do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now)) do
    redis.call('ZREM', KEYS[i], id)
    if strikes > 0 then redis.call('ZADD', KEYS[2], now, 'lost:' .. id) end
  end
  flying = flying + redis.call('ZCARD', KEYS[i])
end

local silentUntil = tonumber(redis.call('HGET', KEYS[1], 'silentUntil') or '0')
if silentUntil > now and flying >= 2 then return { 0, 0, 'silent' } end

-- Every call in flight could be the next 429: seen + in flight + this one stays below the lockout.
if strikes > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - window)
  local seen = redis.call('ZCARD', KEYS[2])
  if seen + 1 >= strikes then
    local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
    return { 0, oldest[2] + window - now + 1, 'lockout' }
  end
  local reserve = flying > 0 and tonumber(ARGV[9]) or 0
  if seen + flying + 1 >= strikes - reserve then return { 0, 15, 'lockout' } end
end

local group = KEYS[4]
if redis.call('ZCARD', group) >= tonumber(ARGV[6]) then return { 0, 15, 'in flight' } end

local rate, burst, wanted = tonumber(ARGV[3]), tonumber(ARGV[4]), 1 + tonumber(ARGV[5])
local bucket = redis.call('HMGET', KEYS[3], 'tokens', 'at')
local tokens, at = tonumber(bucket[1] or '0'), tonumber(bucket[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
local granted = tokens >= wanted
if granted then tokens = tokens - 1 end
redis.call('HSET', KEYS[3], 'tokens', string.format('%.6f', tokens), 'at', now)
if not granted then return { 0, math.ceil((wanted - tokens) * 1000 / rate), 'rate' } end

redis.call('ZADD', group, now + tonumber(ARGV[2]), ARGV[1])
return { 1, 0, '' }
