-- A partition is ready when this reader has folded it to where it ended at the start: said only of the state it folded.
-- ARGV: prefix, partition, prev, meta id
local prefix = ARGV[1]
if redis.call('EXISTS', prefix .. ':wiping') == 1 then return 0 end
if (redis.call('HGET', prefix .. ':applied', ARGV[2]) or '-1') ~= ARGV[3] then return 0 end
redis.call('HSET', prefix .. ':ready', ARGV[2], ARGV[4])
return 1
