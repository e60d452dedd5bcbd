-- ARGV[1]: location whose test a person asks for. Returns 1 when there is something to test (or a test runs).
local location = ARGV[1]
local name, key = location, own
if is_open(whole) then
  name, key = WHOLE, whole
  redis.call('ZADD', testers, -1, location)
  keep(testers)
elseif not is_open(own) then
  return {0}
end
local testing = tonumber(redis.call('HGET', key, 'testing_until') or 0)
if testing <= now then redis.call('ZADD', due, text(now), name) end
return {1}
