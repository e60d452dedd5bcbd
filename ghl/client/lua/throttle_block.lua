-- A 429. ARGV[5]: microseconds to wait, or empty when not told, ARGV[6]: 1 when the day is used up,
-- ARGV[7]: the wait when nothing was told. Nobody is granted a call before that; a block is never shortened.
local daily = ARGV[6] == '1'
local wait = tonumber(ARGV[5])
if not wait and daily and known.reset_at then wait = known.reset_at - now end
wait = math.min(math.max(wait or tonumber(ARGV[7]), 1), DAY)
if now + wait > now + blocked_for() then
  redis.call('HSET', state, 'blocked_until', text(now + wait), 'blocked_daily', daily and 1 or 0)
  redis.call('PEXPIRE', state, 26 * 3600000)
end
return {wait}
