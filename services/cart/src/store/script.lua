-- Changes or reads one cart atomically, and returns its content.
--
-- KEYS[1]: the cart, a hash with the fields `version` and `updated_us`, and one field for each
-- product, by its id: `<units> <version of the cart when the product was added>`.
-- KEYS[2]: the version of the cart for which the customer's last order was placed whose units were
-- removed. It is kept apart from the cart, because the previous release reads every other field of
-- the hash as a product.
-- KEYS[3]: for changes that are applied once per order, the marker that remembers an order of the
-- previous release, which sends no version. For a merge, the cart of the guest.
-- KEYS[4]: for a merge, the lines of the guest that did not fit: `<product> <units> …`.
-- ARGV: the change, the most units of a line, the most lines, times in milliseconds (the TTL of a
-- cart, the TTL of a cart whose customer has no remembered order, the memory of the last order, the
-- TTL of the marker), the version of the ordered cart (0: unknown), and then the arguments of the
-- change.
-- Returns {outcome, version, updated (µs), expires (ms), {{product, units, version when added}, …},
-- {{product, units}, …}: the lines that a merge did not move}.
--
-- A version is never reused. It grows with each change, and is never behind the clock: a new cart
-- could begin with a version of the cart before it only after a change in every microsecond of that
-- cart's life, or if the clock was set back by as much. An emptied cart keeps its version as long
-- as a full one. Numbers stay integers: microseconds since 1970 fit into the 53 bits of a Lua
-- number for 250 years.
--
-- The units of an order leave the cart once, although the request is repeated: the versions for
-- which a customer's orders are placed increase, because the next order is placed only after the
-- units of the last one have left the cart, and the version of a cart is above that of its last
-- order. A request whose version is not above the remembered one is therefore a repeat, however late
-- it arrives. One value per customer is kept, and nothing per order.
--
-- When the memory of Redis is full, changes that may add units fail at their first write. Those that
-- only remove units run with the flag allow-oom and are executed. A merge deletes the guest's cart
-- first, which needs no memory and frees about as much as the merge needs, so it is executed too.
--
-- A merge is applied once, although the request is repeated: it deletes the guest's cart, so that a
-- repeat finds nothing to move. The lines that did not fit are remembered as long as a guest's cart
-- is kept, so that the reply to a repeat is the same.
local cart, last_order, marker = KEYS[1], KEYS[2], KEYS[3]
local max_units, max_lines = tonumber(ARGV[2]), tonumber(ARGV[3])
local ttl_ms, ttl_before_order_ms, memory_ms, marker_ms = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local order_version, first_argument = tonumber(ARGV[8]), 9

local clock = redis.call('TIME')
local now_us = clock[1] * 1000000 + clock[2]

-- Returns the version of a cart, its last change (µs), its lines by product, and their number.
local function read_cart(key)
  local version, updated_us, lines, count = 0, 0, {}, 0
  local stored = redis.call('HGETALL', key)
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
  return version, updated_us, lines, count
end

local version, updated_us, lines, count = read_cart(cart)
local last_order_version = tonumber(redis.call('GET', last_order) or 0)
local new_version = math.max(version + 1, now_us, last_order_version + 1, order_version + 1)
local changed = false
local not_merged = {}

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

-- Returns whether this is the first change for the order. Sets the marker of an order without a
-- version.
local function is_first_for_order()
  if not marker then return true end
  if order_version == 0 then return redis.call('SET', marker, 1, 'NX', 'PX', marker_ms) end
  return order_version > last_order_version and redis.call('EXISTS', marker) == 0
end

-- Remembers the order. A cart whose version is not above that of its order has lost writes; its
-- version is raised.
local function remember_order()
  if order_version == 0 then return end
  last_order_version = order_version
  redis.call('SET', last_order, format_integer(order_version), 'PX', memory_ms)
  if version > 0 and version <= order_version then changed = true end
end

-- Each function returns the reason of a refusal, or nothing.
local changes = {}

function changes.read() end

function changes.add()
  local product = ARGV[first_argument]
  local units = units_of(product) + tonumber(ARGV[first_argument + 1])
  if units > max_units then return 'too_many_units' end
  if not lines[product] and count >= max_lines then return 'full' end
  set_units(product, units)
end

function changes.set()
  local product = ARGV[first_argument]
  if not lines[product] then return 'no_such_line' end
  set_units(product, tonumber(ARGV[first_argument + 1]))
end

function changes.remove() set_units(ARGV[first_argument], 0) end

function changes.take()
  if not is_first_for_order() then return end
  for i = first_argument, #ARGV, 2 do
    set_units(ARGV[i], math.max(units_of(ARGV[i]) - tonumber(ARGV[i + 1]), 0))
  end
  remember_order()
end

function changes.empty()
  if not is_first_for_order() then return end
  local products = {}
  for product in pairs(lines) do products[#products + 1] = product end
  for _, product in ipairs(products) do set_units(product, 0) end
  remember_order()
end

-- Moves the lines of the guest in their order. Each new line has a version of its own, which keeps the
-- order.
function changes.merge()
  local guest, remainder, remainder_ms = KEYS[3], KEYS[4], ARGV[first_argument]
  local guest_version, _, guest_lines = read_cart(guest)
  if guest_version == 0 then
    for product, units in string.gmatch(redis.call('GET', remainder) or '', '(%S+) (%S+)') do
      not_merged[#not_merged + 1] = {product, tonumber(units)}
    end
    return
  end
  local products = {}
  for product in pairs(guest_lines) do products[#products + 1] = product end
  table.sort(products, function(a, b)
    return guest_lines[a].added_version < guest_lines[b].added_version
  end)
  redis.call('DEL', guest, remainder)
  local remaining = {}
  for _, product in ipairs(products) do
    local units = guest_lines[product].units
    if not lines[product] and count >= max_lines then
      not_merged[#not_merged + 1] = {product, units}
      remaining[#remaining + 1] = product .. ' ' .. format_integer(units)
    else
      if not lines[product] then count, new_version = count + 1, new_version + 1 end
      set_units(product, math.min(units_of(product) + units, max_units))
    end
  end
  if #remaining > 0 then
    redis.call('SET', remainder, table.concat(remaining, ' '), 'PX', remainder_ms)
  end
end

local outcome = changes[ARGV[1]]()
if changed then
  version, updated_us = new_version, now_us
  redis.call('HSET', cart, 'version', format_integer(version), 'updated_us',
    format_integer(updated_us))
  if last_order_version > 0 then
    redis.call('PEXPIRE', cart, ttl_ms)
    redis.call('PEXPIRE', last_order, memory_ms)
  else
    redis.call('PEXPIRE', cart, ttl_before_order_ms)
  end
end
local reply = {}
for product, line in pairs(lines) do
  reply[#reply + 1] = {product, line.units, line.added_version}
end
outcome = outcome or (changed and 'changed' or 'unchanged')
return {outcome, version, updated_us, redis.call('PEXPIRETIME', cart), reply, not_merged}
