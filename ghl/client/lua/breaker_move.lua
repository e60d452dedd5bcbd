-- One step of one breaker. ARGV[1]: its name ('*' is the whole), [2]: to which state, [3]: from closed only (trip),
-- or from not closed only (the verdict of a test), [4]: time to the next test, [5..6]: for the whole, see common.
-- Returns 1 when it moved, 1 when the whole is due to open because of it.
local name, to, trip, test_after = ARGV[1], ARGV[2], ARGV[3] == 'trip', tonumber(ARGV[4])
local key = name == WHOLE and whole or own
if is_open(key) == trip then return {0, 0} end

if to == 'closed' then
  redis.call('DEL', key)
  redis.call('ZREM', due, name)
  if name == WHOLE then
    -- Locations still open are tested next, and do not open the whole a second time.
    redis.call('HSET', whole, 'closed_at', text(now))
    redis.call('DEL', testers)
    for _, location in ipairs(redis.call('ZRANGE', open, 0, -1)) do
      redis.call('ZADD', due, text(now), location)
    end
    keep(whole)
  else
    redis.call('ZREM', open, name)
    redis.call('DEL', tally)
  end
  return {1, 0}
end

if to == 'half-open' then
  redis.call('HSET', key, 'state', to)
  return {1, 0}
end

redis.call('HSET', key, 'state', to)
redis.call('HSETNX', key, 'opened_at', text(now))
redis.call('HDEL', key, 'testing_until')
redis.call('ZADD', due, text(now + test_after), name)
if name == WHOLE then
  for _, location in ipairs(redis.call('ZRANGE', open, 0, -1)) do
    redis.call('ZADD', testers, 'NX', 0, location)
  end
  keep(whole, due, testers)
  return {1, 0}
end
if trip then redis.call('ZADD', open, text(now), name) end
keep(own, open, due)
return {1, trip and whole_is_due_to_open(tonumber(ARGV[5]), tonumber(ARGV[6])) and 1 or 0}
