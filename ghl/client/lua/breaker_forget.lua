-- ARGV[1]: location that is no longer connected.
for _, key in ipairs({open, due, calling, testers}) do redis.call('ZREM', key, ARGV[1]) end
redis.call('DEL', own, tally)
return {1}
