-- Offered again at a later moment. A member that an outcome removed stays removed.
-- ARGV: prefix, cid, score, lanes ...
local prefix, cid, score = ARGV[1], ARGV[2], ARGV[3]
for i = 4, #ARGV do redis.call('ZADD', prefix .. ':due:' .. ARGV[i], 'XX', score, cid) end
return 1
