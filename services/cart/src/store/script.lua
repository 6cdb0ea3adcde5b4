-- Changes or reads one cart atomically, and returns its content.
--
-- KEYS[1]: the cart, a hash with the fields `version` and `updated_us`, and one field for each
-- product, by its id: `<units> <version of the cart when the product was added>`.
-- KEYS[2]: marker that exists while an order is remembered whose units were removed from the cart.
-- Only for changes that are applied once per order.
-- ARGV: the change, the TTL of a cart in milliseconds, the most units of a line, the most lines,
-- and then the arguments of the change.
-- Returns {outcome, version, updated (µs), expires (ms), {{product, units, version when added}, …}}.
--
-- A version is never reused. It grows with each change, and is never behind the clock: a new cart
-- could begin with a version of the cart before it only after a change in every microsecond of that
-- cart's life, or if the clock was set back by as much. An emptied cart keeps its version as long
-- as a full one. Numbers stay integers: microseconds since 1970 fit into the 53 bits of a Lua
-- number for 250 years.
local cart, order = KEYS[1], KEYS[2]
local ttl_ms, max_units, max_lines = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

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
    local units, added_version = string.match(value, '^(%d+) (%d+)$')
    lines[field] = {units = tonumber(units), added_version = tonumber(added_version)}
    count = count + 1
  end
end

local new_version = math.max(version + 1, now_us)
local changed = false

local function format_integer(number) return string.format('%.0f', number) end

local function units_of(product) return lines[product] and lines[product].units or 0 end

local function set_units(product, units)
  local line = lines[product]
  if units == units_of(product) then return end
  changed = true
  if units == 0 then
    lines[product] = nil
    redis.call('HDEL', cart, product)
  else
    lines[product] = {units = units, added_version = line and line.added_version or new_version}
    local value = format_integer(units) .. ' ' .. format_integer(lines[product].added_version)
    redis.call('HSET', cart, product, value)
  end
end

-- Returns whether this is the first change for the order, and sets its marker.
local function mark_order(marker_ttl_ms)
  return not order or redis.call('SET', order, 1, 'NX', 'PX', marker_ttl_ms)
end

-- Each function returns the reason of a refusal, or nothing.
local changes = {}

function changes.read() end

function changes.add()
  local product = ARGV[5]
  local units = units_of(product) + tonumber(ARGV[6])
  if units > max_units then return 'too_many_units' end
  if not lines[product] and count >= max_lines then return 'full' end
  set_units(product, units)
end

function changes.set()
  if not lines[ARGV[5]] then return 'no_such_line' end
  set_units(ARGV[5], tonumber(ARGV[6]))
end

function changes.remove() set_units(ARGV[5], 0) end

function changes.take()
  if not mark_order(ARGV[5]) then return end
  for i = 6, #ARGV, 2 do
    set_units(ARGV[i], math.max(units_of(ARGV[i]) - tonumber(ARGV[i + 1]), 0))
  end
end

function changes.empty()
  if not mark_order(ARGV[5]) then return end
  local products = {}
  for product in pairs(lines) do products[#products + 1] = product end
  for _, product in ipairs(products) do set_units(product, 0) end
end

local outcome = changes[ARGV[1]]()
if changed then
  version, updated_us = new_version, now_us
  redis.call('HSET', cart, 'version', format_integer(version), 'updated_us',
    format_integer(updated_us))
  redis.call('PEXPIRE', cart, ttl_ms)
end
local reply = {}
for product, line in pairs(lines) do
  reply[#reply + 1] = {product, line.units, line.added_version}
end
outcome = outcome or (changed and 'changed' or 'unchanged')
return {outcome, version, updated_us, redis.call('PEXPIRETIME', cart), reply}
