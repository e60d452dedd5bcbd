-- Claims the tests that are due. ARGV[1]: how long a claim lasts, [2]: most of them at once, [3]: what the key of a
-- location's breaker begins with. Returns 1 when the whole is tested, then the locations to ask.
-- While the whole is open there is one test in the fleet: by the location whose last one is longest ago.
local claim = tonumber(ARGV[1])

if is_open(whole) then
  local at = tonumber(redis.call('ZSCORE', due, WHOLE) or 0)
  local tester = redis.call('ZRANGE', testers, 0, 0)[1]
  if at > now or not tester then return {1} end
  redis.call('ZADD', testers, text(now), tester)
  redis.call('ZADD', due, text(now + claim), WHOLE)
  redis.call('HSET', whole, 'testing_until', text(now + claim))
  keep(whole, due, testers)
  return {1, tester}
end

local claimed = {0}
for _, location in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', text(now), 'LIMIT', 0, tonumber(ARGV[2]))) do
  local key = ARGV[3] .. location
  if location == WHOLE or not is_open(key) then
    redis.call('ZREM', due, location)
    redis.call('ZREM', open, location)
  else
    redis.call('ZADD', due, text(now + claim), location)
    redis.call('HSET', key, 'testing_until', text(now + claim))
    keep(key)
    claimed[#claimed + 1] = location
  end
end
if #claimed > 1 then keep(open, due) end
return claimed
