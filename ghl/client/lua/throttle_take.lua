-- ARGV[5..6]: how many calls are wanted, id of the grant. Returns granted, wait, 1 when the day is used up.
local want, id = tonumber(ARGV[5]), ARGV[6]
redis.call('ZREMRANGEBYSCORE', calls, '-inf', text(now - memory))
redis.call('ZREMRANGEBYSCORE', others, '-inf', text(now - memory))

local pause = blocked_for()
if pause > 0 then return {0, pause, known.blocked_daily or 0} end

local today, day_wait = day_free()
if today < 1 then return {0, math.max(day_wait, 1), 1} end

local free = max - since(calls, now - window) - since(others, now - window)
local granted = math.max(math.min(want, free, today), 0)
if granted > 0 then charge(id, granted) end
if granted == want then return {granted, 0, 0} end
if granted == today then return {granted, math.max(day_wait, 1), 1} end

-- The budget grows when the oldest call leaves the window.
local wait = window
for _, key in ipairs({calls, others}) do
  local oldest = redis.call('ZRANGEBYSCORE', key, '(' .. text(now - window), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if oldest then wait = math.min(wait, tonumber(oldest) + window - now) end
end
return {granted, math.max(wait, 1), 0}
