-- ARGV[5..6]: id of the grant and which of its calls is late, ARGV[7]: id of the new grant.
-- Moves the call to now. That is always within the budget: it was inside the window already, and now stays longer.
-- Returns granted (1 or 0), wait, 1 when the day is used up.
local id, index, new = ARGV[5], ARGV[6], ARGV[7]
if redis.call('ZSCORE', calls, new .. ':0') then return {1, 0, 0} end
local granted = tonumber(redis.call('ZSCORE', calls, id .. ':' .. index))
local held = granted and granted > now - window
give_up(id, index)
local pause = blocked_for()
if pause > 0 then return {0, pause, known.blocked_daily or 0} end
if not held then return {0, 1, 0} end
charge(new, 1)
return {1, 0, 0}
