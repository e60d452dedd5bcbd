-- ARGV[1]: what the key of a location's breaker begins with. Returns for each open breaker: name, state, when it
-- opened, when the next test is, and 1 while a test runs.
local rows = {}
local function add(name, key)
  local state, opened_at, testing = unpack(redis.call('HMGET', key, 'state', 'opened_at', 'testing_until'))
  if not opened_at then return end
  local row = {name, state, opened_at, redis.call('ZSCORE', due, name) or '0', tonumber(testing or 0) > now and 1 or 0}
  for _, value in ipairs(row) do rows[#rows + 1] = value end
end
add(WHOLE, whole)
for _, location in ipairs(redis.call('ZRANGE', open, 0, -1)) do add(location, ARGV[1] .. location) end
return rows
