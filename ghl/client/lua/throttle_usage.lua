-- Returns ours, others', limit now, used today, free today, blocked for, 1 when the day is used up.
local today = day_free()
local ours, theirs = since(calls, now - window), since(others, now - window)
local pause = blocked_for()
local exhausted = today < 1 or (pause > 0 and known.blocked_daily == 1)
return {ours, theirs, max, (day_used()), today, pause, exhausted and 1 or 0}
