-- Offered again at a later moment. A member that an outcome removed stays removed.
-- ARGV: prefix, cid, score, lanes ...
local prefix, cid, score = ARGV[1], ARGV[2], ARGV[3]
for i = 4, #ARGV do
  -- A lane whose own moment lies later keeps it: a retry of one cause does not drag the others along.
  local at = redis.call('ZSCORE', prefix .. ':at:' .. ARGV[i], cid)
  if at then
    local later = math.max(tonumber(score), tonumber(at))
    redis.call('ZADD', prefix .. ':due:' .. ARGV[i], 'XX', string.format('%.0f', later), cid)
  end
end
return 1
