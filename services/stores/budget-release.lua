-- Gives a slot back. A 429 counts as a strike; a pause holds for the whole store, whoever was told.
-- KEYS: state, strikes, flying of the group
-- ARGV: slot id, 1 for a 429, pause ms, lockout strikes (0: no lockout), what came back: answered, silent or nothing known
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', KEYS[3], ARGV[1])
-- The answer came after all, later than the lease.
redis.call('ZREM', KEYS[2], 'lost:' .. ARGV[1])
if ARGV[2] == '1' and tonumber(ARGV[4]) > 0 then redis.call('ZADD', KEYS[2], now, ARGV[1]) end
-- A store that takes calls and answers none would hold every worker: until one answers, only few try.
if ARGV[5] == 'silent' then redis.call('HSET', KEYS[1], 'silentUntil', now + 10000)
elseif ARGV[5] == 'answered' then redis.call('HDEL', KEYS[1], 'silentUntil') end
local pause = tonumber(ARGV[3])
if pause > 0 then
  local paused = tonumber(redis.call('HGET', KEYS[1], 'pausedUntil') or '0')
  if now + pause > paused then redis.call('HSET', KEYS[1], 'pausedUntil', now + pause) end
end
return 1
