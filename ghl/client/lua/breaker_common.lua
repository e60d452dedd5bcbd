-- Shared head of the breakers' scripts. Times are whole microseconds of Redis's own clock.
-- KEYS[1] open:    sorted set of open locations, score = when each opened
-- KEYS[2] due:     sorted set of open breakers ('*' is GHL as a whole), score = when the next test may begin
-- KEYS[3] calling: sorted set of locations, score = when each last had an outcome
-- KEYS[4] testers: sorted set of locations by which the whole may be tested, score = when each last was
-- KEYS[5] whole:   hash of the breaker of GHL as a whole
-- KEYS[6] own:     hash of this location's breaker; absent = closed
-- KEYS[7] tally:   hash of this location's outcomes, by second, and its system errors in a row
local open, due, calling, testers, whole, own, tally =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local WHOLE = '*'
local SECOND, KEEP = 1000000, 7 * 86400000

local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]

local function text(number) return string.format('%.0f', number) end

local function is_open(key) return redis.call('HEXISTS', key, 'opened_at') == 1 end

-- The whole opens when 3 locations or more, and at least half of those calling, have opened since it last closed.
-- Calling is who had an outcome in the last minute, or has opened since (an open location calls no more).
local function whole_is_due_to_open(least, recent)
  if is_open(whole) then return false end
  local healed_at = tonumber(redis.call('HGET', whole, 'closed_at') or 0)
  local fresh = redis.call('ZRANGEBYSCORE', open, '(' .. text(healed_at), '+inf')
  if #fresh < least then return false end
  redis.call('ZREMRANGEBYSCORE', calling, '-inf', text(now - recent))
  local callers = redis.call('ZCARD', calling)
  for _, location in ipairs(fresh) do
    if not redis.call('ZSCORE', calling, location) then callers = callers + 1 end
  end
  return #fresh * 2 >= callers
end

local function keep(...)
  for _, key in ipairs({...}) do redis.call('PEXPIRE', key, KEEP) end
end
