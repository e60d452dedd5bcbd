-- Shared head of the throttle's scripts. Times are whole microseconds of Redis's own clock.
-- KEYS[1] calls:  sorted set, one member per granted call, score = when it was granted
-- KEYS[2] others: sorted set, one member per call of somebody else, score = when we learned of it
-- KEYS[3] state:  hash with what headers and 429s said
-- KEYS[4] day:    hash, hour since 1970 -> calls granted in it
-- ARGV[1..4]: window, how long calls are remembered (longer than the window), limit, daily limit
local calls, others, state, day = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local window, memory = tonumber(ARGV[1]), tonumber(ARGV[2])
local limit, daily_limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local HOUR, DAY = 3600000000, 86400000000

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function text(number) return string.format('%.0f', number) end

local function last_score(key) return tonumber(redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2]) end

-- The server's clock was set back: what was granted "in the future" counts as granted now, so nothing is
-- forgotten and nothing stays locked for longer than a window.
for _, key in ipairs({calls, others}) do
  local newest = last_score(key)
  if newest and newest > now + 1000000 then
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. text(now), '+inf')) do
      redis.call('ZADD', key, text(now), member)
    end
  end
end

local known = {}
local flat = redis.call('HGETALL', state)
for i = 1, #flat, 2 do known[flat[i]] = tonumber(flat[i + 1]) end

-- A value that headers lowered, while it lasts; never later than a day, whatever a header or a clock said.
local function lowered(name)
  local ends = known[name .. '_until']
  if ends and ends > now and ends <= now + DAY then return known[name] end
end

local max = math.min(limit, lowered('max') or limit)

local function since(key, time) return redis.call('ZCOUNT', key, '(' .. text(time), '+inf') end

local function blocked_for()
  local ends = known.blocked_until
  if ends and ends > now and ends <= now + DAY then return ends - now end
  return 0
end

-- The day: calls granted in this hour and the 24 before it, so that no 24 hours hold more than the daily limit
-- whenever GHL's day begins. Where GHL told its reset, counting starts anew then, with the calls that may still
-- be on their way.
if known.reset_at and known.reset_at <= now then
  redis.call('DEL', day)
  local under_way = since(calls, now - window)
  if under_way > 0 then redis.call('HSET', day, text(math.floor(now / HOUR)), under_way) end
  redis.call('HDEL', state, 'reset_at', 'day_left', 'day_left_until')
  known.reset_at, known.day_left, known.day_left_until = nil, nil, nil
end

local function day_used()
  local used, oldest = 0, nil
  local hours = redis.call('HGETALL', day)
  for i = 1, #hours, 2 do
    local hour = tonumber(hours[i])
    if hour < math.floor(now / HOUR) - 24 then
      redis.call('HDEL', day, hours[i])
    else
      used = used + tonumber(hours[i + 1])
      if tonumber(hours[i + 1]) > 0 and (not oldest or hour < oldest) then oldest = hour end
    end
  end
  return used, oldest
end

-- How many calls the day still allows, and in how many microseconds it allows more.
local function day_free()
  local used, oldest = day_used()
  local free = daily_limit - used
  local wait = oldest and (oldest + 25) * HOUR - now or 0
  local told = lowered('day_left')
  if told and told < free then free, wait = told, known.day_left_until - now end
  if known.reset_at then wait = math.min(wait, known.reset_at - now) end
  return math.max(free, 0), wait
end

-- One call of the grant `id` that is still held, or of which nothing is left (false).
local function give_up(id, index)
  local member = id .. ':' .. index
  local granted = tonumber(redis.call('ZSCORE', calls, member))
  if not granted then return false end
  redis.call('ZREM', calls, member)
  local hour = text(math.floor(granted / HOUR))
  if tonumber(redis.call('HGET', day, hour) or 0) > 0 then redis.call('HINCRBY', day, hour, -1) end
  if lowered('day_left') then redis.call('HINCRBY', state, 'day_left', 1) end
  return true
end

local function charge(id, count)
  local time, members = text(now), {}
  for index = 0, count - 1 do
    members[#members + 1] = time
    members[#members + 1] = id .. ':' .. index
    -- Lua passes only so many arguments at once.
    if #members == 1000 or index == count - 1 then
      redis.call('ZADD', calls, unpack(members))
      members = {}
    end
  end
  redis.call('PEXPIRE', calls, math.ceil(memory / 1000))
  redis.call('HINCRBY', day, text(math.floor(now / HOUR)), count)
  redis.call('PEXPIRE', day, 26 * 3600000)
  if lowered('day_left') then redis.call('HINCRBY', state, 'day_left', -count) end
end
