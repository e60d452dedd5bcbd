-- What the headers of one answer said. ARGV[5]: how long ago its request was sent, ARGV[6]: how far two requests
-- may overtake each other; then, each empty when unknown: ARGV[7] limit for our window, ARGV[8] remaining,
-- ARGV[9] remaining today, ARGV[10] microseconds until the daily reset, ARGV[11] how long a daily value holds when
-- the reset is not known.
-- Returns 1 when the answer counted, 0 when a later-sent request has answered before.
local sent = now - tonumber(ARGV[5])
local overtake = tonumber(ARGV[6])
if now - sent > memory - window then return {0} end
if known.last_sent and known.last_sent >= sent and known.last_sent <= now then return {0} end
redis.call('HSET', state, 'last_sent', text(sent))
redis.call('PEXPIRE', state, 26 * 3600000)

local told_max, remaining = tonumber(ARGV[7]), tonumber(ARGV[8])
if told_max and told_max < limit then
  redis.call('HSET', state, 'max', text(told_max), 'max_until', text(sent + window))
  max = math.min(limit, told_max)
elseif told_max then
  redis.call('HDEL', state, 'max', 'max_until')
  max = limit
end

-- What GHL counted and we did not send was sent by somebody else. Ours are all that may have been counted: granted
-- within a window before this request, or so little after it that they may have overtaken it.
if remaining then
  local ours = redis.call('ZCOUNT', calls, text(sent - window), text(sent + overtake))
  local theirs = math.min(max - remaining - ours, limit)
  local missing = theirs - since(others, now - window)
  for index = 1, missing do
    redis.call('ZADD', others, text(sent), text(sent) .. ':' .. index)
  end
  if missing > 0 then redis.call('PEXPIRE', others, math.ceil(memory / 1000)) end
end

local resets_in = tonumber(ARGV[10])
if resets_in and resets_in > 0 and resets_in <= DAY then
  known.reset_at = now + resets_in
  redis.call('HSET', state, 'reset_at', text(known.reset_at))
end
local today = tonumber(ARGV[9])
if today then
  local left = today - redis.call('ZCOUNT', calls, '(' .. text(sent), '+inf')
  local ends = known.reset_at or sent + tonumber(ARGV[11])
  redis.call('HSET', state, 'day_left', text(math.max(left, 0)), 'day_left_until', text(ends))
end
return {1}
