-- Takes one token from the bucket KEYS[1]: the GCRA of gcra.rs, with the clock of Redis.
-- ARGV[1]: microseconds in which the bucket gains one token. ARGV[2]: tokens in a full bucket.
-- Returns {1 when a token was taken, else 0; microseconds until the bucket is full again}.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval = tonumber(ARGV[1])
local capacity = interval * tonumber(ARGV[2])

local full_at = tonumber(redis.call('GET', KEYS[1])) or now
full_at = math.min(math.max(full_at, now), now + capacity)
local after = full_at + interval
if after - now > capacity then
  return {0, full_at - now}
end
-- A full bucket equals a missing one: the key expires when the bucket is full.
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, after - now}
