-- One batch of facts -> state, due index, applied offset: all or nothing.
-- ARGV: prefix, partition, prev ('-1': nothing folded), last ('' : an empty batch), meta id, merges (JSON)
-- Returns {status, applied, earliest due of what was touched ('' : none)}
-- status: ok | moved (applied is not prev: nothing was changed, seek there) | meta (another facts topic) | wiping
local prefix, partition, prev, last, meta = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function key(name) return prefix .. ':' .. name end

if redis.call('EXISTS', key('wiping')) == 1 then return {'wiping', '-1', ''} end
local known = redis.call('HGET', key('meta'), partition)
if known and known ~= meta then return {'meta', '-1', ''} end
local applied = redis.call('HGET', key('applied'), partition) or '-1'
if applied ~= prev then return {'moved', applied, ''} end
if last == '' then return {'ok', applied, ''} end

-- Number first, then bytes: Lua's own < on strings would ask the locale.
local function less(a, b)
  local x, y = tonumber(string.match(a, '^%d+')), tonumber(string.match(b, '^%d+'))
  if x ~= y then return x < y end
  local n = math.min(#a, #b)
  for i = 1, n do
    local c, d = string.byte(a, i), string.byte(b, i)
    if c ~= d then return c < d end
  end
  return #a < #b
end

local function merge(op, hash, field, value)
  local old = redis.call('HGET', hash, field)
  if not old or (op == 'min' and less(value, old)) or (op == 'max' and less(old, value)) then
    redis.call('HSET', hash, field, value)
  end
end

local touched = {}
local function touchSession(sid)
  for _, cid in ipairs(redis.call('SMEMBERS', key('sc:' .. sid))) do touched[cid] = true end
end

for _, m in ipairs(cjson.decode(ARGV[6])) do
  local op = m[1]
  if op == 'min' or op == 'max' then
    merge(op, key(m[2]), m[3], m[4])
  elseif op == 'add' then
    redis.call('SADD', key(m[2]), m[3])
  elseif op == 'put' then
    redis.call('HSET', key(m[2]), m[3], m[4])
  elseif op == 'drop' then
    redis.call('HDEL', key(m[2]), m[3])
  elseif op == 'leak' then
    merge('min', key('f:' .. m[2]), m[3], m[4])
    for _, cid in ipairs(redis.call('SMEMBERS', key('fc:' .. m[2]))) do
      merge('min', key('c:' .. cid), m[3], m[4])
      touched[cid] = true
    end
  elseif op == 'join' then
    redis.call('SADD', key('fc:' .. m[2]), m[3])
    local leaks = redis.call('HGETALL', key('f:' .. m[2]))
    for i = 1, #leaks, 2 do merge('min', key('c:' .. m[3]), leaks[i], leaks[i + 1]) end
    touched[m[3]] = true
  elseif op == 'touch' then
    touched[m[2]] = true
  elseif op == 'touchSession' then
    touchSession(m[2])
  end
end

-- The due index: twin of indexScores in services/pipeline/decide.ts; a differential test compares the two.
local lanes = {'leak', 'hard', 'expiry', 'idle', 'probe', 'recheck'}
local sessions = {}
local function session(sid)
  if not sessions[sid] then
    local flat, hash = redis.call('HGETALL', key('s:' .. sid)), {}
    for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
    sessions[sid] = hash
  end
  return sessions[sid]
end
local function at(stamped) return stamped and tonumber(string.sub(stamped, 1, 13)) end

local function scores(c)
  local s = {}
  local function lower(lane, ms) if ms and (not s[lane] or ms < s[lane]) then s[lane] = ms end end
  local first
  for field, value in pairs(c) do
    local prefix = string.sub(field, 1, 2)
    if prefix == 'g:' or prefix == 'h:' then
      local from = at(value)
      if not first or from < first then first = from end
    elseif prefix == 'x:' and c['h:' .. string.sub(field, 3)] then
      lower('hard', at(value))
    end
  end
  if not first then return {} end
  local function since(stamped) return stamped and math.max(at(stamped), first) end
  lower('hard', since(c.forced))
  lower('hard', since(c.inferredForce))
  lower('leak', since(c.leakedValue))
  lower('leak', since(c.leakedPrint))
  lower('hard', at(c.fixedExpiry))
  lower('expiry', at(c.expiry))
  if not c.seen then lower('probe', first) end
  for field, value in pairs(c) do
    if string.sub(field, 1, 2) == 'g:' then
      local sid, granted = string.sub(field, 3), at(value)
      local ses = session(sid)
      local function own(stamped) return stamped and math.max(at(stamped), granted) end
      lower('hard', own(ses.ended))
      lower('hard', own(ses.inferredEnd))
      lower('hard', own(ses.started and ses.maxLifeAt or ses.maxLifeUnannounced))
      if not ses.started then
        lower('idle', at(c['grace:' .. sid]))
      elseif ses.idleMs and ses.activity then
        lower('idle', math.max(at(ses.activity) + at(ses.idleMs), granted))
      end
    elseif string.sub(field, 1, 2) == 'k:' then
      local sid, task = string.sub(field, 3, 34), string.sub(field, 36)
      local ses, granted = session(sid), at(c['g:' .. sid])
      local ended, inferred = ses['t:' .. task], ses['i:' .. task]
      if ended then lower('hard', math.max(at(ended), granted)) end
      if inferred then lower('hard', math.max(at(inferred), granted)) end
    end
  end
  return s
end

-- due:<lane> is what the takers re-score; at:<lane> keeps the true moment. Only an outcome removes a member.
local earliest
local function index(cid)
  local flat, c = redis.call('HGETALL', key('c:' .. cid)), {}
  for i = 1, #flat, 2 do c[flat[i]] = flat[i + 1] end
  local s, epoch = {}, at(c.epoch) or 0
  if c.kind and c['o:' .. epoch] then
    s.recheck = at(c['r:' .. epoch])
    -- What is settled without a second look, or announced again after it, still has its sealed values to shred.
    if redis.call('EXISTS', key('v:' .. cid)) == 1 then
      if not s.recheck then s.recheck = tonumber(string.sub(c['o:' .. epoch], 2, 14)) end
      if redis.call('ZSCORE', key('at:recheck'), cid) and not redis.call('ZSCORE', key('due:recheck'), cid) then
        redis.call('ZADD', key('due:recheck'), s.recheck, cid)
      end
    end
  elseif c.kind then
    s = scores(c)
  end
  for _, lane in ipairs(lanes) do
    local old, new = redis.call('ZSCORE', key('at:' .. lane), cid), s[lane]
    if not new then
      if old then
        redis.call('ZREM', key('at:' .. lane), cid)
        redis.call('ZREM', key('due:' .. lane), cid)
      end
    elseif not old or tonumber(old) ~= new then
      redis.call('ZADD', key('at:' .. lane), new, cid)
      redis.call('ZADD', key('due:' .. lane), new, cid)
      if lane ~= 'recheck' and (not earliest or new < earliest) then earliest = new end
    end
  end
end
for cid in pairs(touched) do index(cid) end

redis.call('HSET', key('applied'), partition, last)
redis.call('HSET', key('meta'), partition, meta)
return {'ok', last, earliest and string.format('%.0f', earliest) or ''}
