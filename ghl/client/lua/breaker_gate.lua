-- ARGV[1]: location. Returns 1 when calls may go, when the next test is (0 = not known), 1 when it is the whole.
local function next_test(name) return text(tonumber(redis.call('ZSCORE', due, name) or 0)) end

if is_open(whole) then
  -- Who waits may be the one by which the whole is tested next.
  redis.call('ZADD', testers, 'NX', 0, ARGV[1])
  keep(testers)
  return {0, next_test(WHOLE), 1}
end
if is_open(own) then return {0, next_test(ARGV[1]), 0} end
return {1, '0', 0}
