-- Changes one cart, or only reads it, in one step, and answers what is in it then.
--
-- KEYS[1]: the cart, a hash: `version`, `updated_us`, and a field for each product that is in it, by its
-- id: `<units> <version of the cart with which it came in>`.
-- KEYS[2]: there while an order is remembered whose units have left the cart. Only for changes that are
-- made once per order.
-- ARGV: what to do, for how many milliseconds a cart is kept, the most units of a line, the most
-- lines, and then what the change needs.
-- Answers {outcome, version, updated (µs), expires (ms), {{product, units, came in}, …}}.
--
-- A version never comes back. It grows by each change, and is never behind the clock: it takes a change
-- in every microsecond of a cart's life, or a clock set back by as much, to begin a new cart with a
-- version that the one before it had. An emptied cart keeps its version for as long as a full one.
-- Numbers stay whole: microseconds since 1970 fit the 53 bits of a Lua number for 250 years.
local cart, order = KEYS[1], KEYS[2]
local keep_ms, max_units, max_lines = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local clock = redis.call('TIME')
local now_us = clock[1] * 1000000 + clock[2]

local version, updated_us, lines, count = 0, 0, {}, 0
local stored = redis.call('HGETALL', cart)
for i = 1, #stored, 2 do
  local field, value = stored[i], stored[i + 1]
  if field == 'version' then
    version = tonumber(value)
  elseif field == 'updated_us' then
    updated_us = tonumber(value)
  else
    local units, since = string.match(value, '^(%d+) (%d+)$')
    lines[field] = {units = tonumber(units), since = tonumber(since)}
    count = count + 1
  end
end

local new_version = math.max(version + 1, now_us)
local changed = false

local function whole(number) return string.format('%.0f', number) end

local function units_of(product) return lines[product] and lines[product].units or 0 end

local function put(product, units)
  local line = lines[product]
  if units == units_of(product) then return end
  changed = true
  if units == 0 then
    lines[product] = nil
    redis.call('HDEL', cart, product)
  else
    lines[product] = {units = units, since = line and line.since or new_version}
    redis.call('HSET', cart, product, whole(units) .. ' ' .. whole(lines[product].since))
  end
end

-- Whether this is the first time for the order.
local function first_time(remember_ms)
  return not order or redis.call('SET', order, 1, 'NX', 'PX', remember_ms)
end

-- Each gives why it was refused, or nothing.
local changes = {}

function changes.read() end

function changes.add()
  local product = ARGV[5]
  local units = units_of(product) + tonumber(ARGV[6])
  if units > max_units then return 'too_many_units' end
  if not lines[product] and count >= max_lines then return 'full' end
  put(product, units)
end

function changes.set()
  if not lines[ARGV[5]] then return 'no_such_line' end
  put(ARGV[5], tonumber(ARGV[6]))
end

function changes.remove() put(ARGV[5], 0) end

function changes.take()
  if not first_time(ARGV[5]) then return end
  for i = 6, #ARGV, 2 do
    put(ARGV[i], math.max(units_of(ARGV[i]) - tonumber(ARGV[i + 1]), 0))
  end
end

function changes.empty()
  if not first_time(ARGV[5]) then return end
  local products = {}
  for product in pairs(lines) do products[#products + 1] = product end
  for _, product in ipairs(products) do put(product, 0) end
end

local outcome = changes[ARGV[1]]()
if changed then
  version, updated_us = new_version, now_us
  redis.call('HSET', cart, 'version', whole(version), 'updated_us', whole(updated_us))
  redis.call('PEXPIRE', cart, keep_ms)
end
local answer = {}
for product, line in pairs(lines) do
  answer[#answer + 1] = {product, line.units, line.since}
end
outcome = outcome or (changed and 'changed' or 'unchanged')
return {outcome, version, updated_us, redis.call('PEXPIRETIME', cart), answer}
