-- The next moment, after now, at which something is offered. ARGV: prefix. Returns {now, next or ''}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first
for _, lane in ipairs({'leak', 'hard', 'expiry', 'idle'}) do
  local found = redis.call('ZRANGEBYSCORE', ARGV[1] .. ':due:' .. lane, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if found[2] and (not first or tonumber(found[2]) < first) then first = tonumber(found[2]) end
end
return {string.format('%.0f', now), first and string.format('%.0f', first) or ''}
