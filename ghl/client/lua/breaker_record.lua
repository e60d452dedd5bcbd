-- Outcomes of one batch. ARGV[1] location, [2] successes, [3] system errors, [4..6] system errors before the first
-- success, most of them in a row, and after the last success; [7] calls and [8] percent that open, [9] errors in a
-- row that open, [10..11] least open locations and the recent time for the whole.
-- Returns 1 when the location is due to open, 1 when the whole is.
local location = ARGV[1]
local successes, errors = tonumber(ARGV[2]), tonumber(ARGV[3])
local before_first, in_a_row, after_last = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local second = math.floor(now / SECOND)

redis.call('ZADD', calling, text(now), location)
if successes > 0 then redis.call('HINCRBY', tally, 'good:' .. second, successes) end
if errors > 0 then redis.call('HINCRBY', tally, 'bad:' .. second, errors) end

local row = tonumber(redis.call('HGET', tally, 'row') or 0)
local longest = math.max(row + before_first, in_a_row)
if successes == 0 then row = row + errors else row = after_last end
redis.call('HSET', tally, 'row', row)

-- Ten buckets of a second: this one and the nine before it.
local good, bad = 0, 0
local fields = redis.call('HGETALL', tally)
for i = 1, #fields, 2 do
  local kind, bucket = string.match(fields[i], '^(%a+):(%d+)$')
  if kind and (tonumber(bucket) <= second - 10 or tonumber(bucket) > second) then
    redis.call('HDEL', tally, fields[i])
  elseif kind == 'good' then
    good = good + tonumber(fields[i + 1])
  elseif kind == 'bad' then
    bad = bad + tonumber(fields[i + 1])
  end
end
keep(calling, tally)
if errors == 0 then return {0, 0} end

local too_many = good + bad >= tonumber(ARGV[7]) and bad * 100 >= (good + bad) * tonumber(ARGV[8])
local trips = not is_open(own) and (too_many or longest >= tonumber(ARGV[9]))
return {trips and 1 or 0, whole_is_due_to_open(tonumber(ARGV[10]), tonumber(ARGV[11])) and 1 or 0}
