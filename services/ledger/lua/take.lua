-- Takes what is due in one lane: score <= limit -> score = now + lease in every lane, so that nobody else takes it meanwhile.
-- ARGV: prefix, lane, room, lease ms, partitions, expiry hold ms
-- Returns {now, cid, epoch, cid, epoch ...}. Nothing is taken until every facts partition is ready: never on half a history.
local prefix, lane, room, lease = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local function key(name) return prefix .. ':' .. name end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local result = {string.format('%.0f', now)}
if redis.call('HLEN', key('ready')) < tonumber(ARGV[5]) then return result end

local limit = now
if lane == 'expiry' then
  local read = tonumber(redis.call('HGET', key('marks'), 'grants') or '0')
  -- The clock of the longest hold starts when somebody could first have read: at a start-up, or when the marks were lost.
  local from = redis.call('HGET', key('marks'), 'holdFrom')
  if not from then
    from = string.format('%.0f', now)
    redis.call('HSET', key('marks'), 'holdFrom', from)
  end
  limit = math.min(now, read)
  if tonumber(from) + tonumber(ARGV[6]) <= now then limit = math.max(limit, now - tonumber(ARGV[6])) end
elseif lane == 'idle' then
  limit = math.min(now, tonumber(redis.call('HGET', key('marks'), 'lifecycle') or '0'))
end

-- What contains a credential is taken away once that has expired.
local function isContained(cid)
  local epoch = redis.call('HGET', key('c:' .. cid), 'epoch')
  local field = 'o:' .. (epoch and string.format('%.0f', tonumber(string.sub(epoch, 1, 13))) or '0')
  return string.find(redis.call('HGET', key('c:' .. cid), field) or '', '"contained":', 1, true) ~= nil
end

-- After a rebuild old deaths are not looked at again; those with a sealed value still are, it is shredded then, and contained ones.
local from = '-inf'
if lane == 'recheck' then
  from = now - 3600000
  for _, cid in ipairs(redis.call('ZRANGEBYSCORE', key('due:recheck'), '-inf', '(' .. from, 'LIMIT', 0, 1000)) do
    if redis.call('EXISTS', key('v:' .. cid)) == 1 or isContained(cid) then redis.call('ZADD', key('due:recheck'), from, cid)
    else redis.call('ZREM', key('due:recheck'), cid) end
  end
end

local lanes = (lane == 'probe' or lane == 'recheck') and {lane} or {'leak', 'hard', 'expiry', 'idle', 'probe'}
local due = redis.call('ZRANGEBYSCORE', key('due:' .. lane), from, limit, 'LIMIT', 0, room)
for _, cid in ipairs(due) do
  for _, other in ipairs(lanes) do
    local score = redis.call('ZSCORE', key('due:' .. other), cid)
    if score and tonumber(score) < now + lease then redis.call('ZADD', key('due:' .. other), now + lease, cid) end
  end
  local epoch = redis.call('HGET', key('c:' .. cid), 'epoch')
  result[#result + 1] = cid
  result[#result + 1] = epoch and string.format('%.0f', tonumber(string.sub(epoch, 1, 13))) or '0'
end
return result
