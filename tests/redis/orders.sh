#!/usr/bin/env bash
# orders.sh [ORDERS [CUSTOMERS]]: measures the memory of a private Redis while customers fill
# their carts and the units of their orders are removed: by default 1,000,000 orders of 100,000
# customers. One process sends what the cart service sends; no service runs.
#
# The memory grows with the first order of each customer and is constant afterwards; the script
# fails if later orders leave anything.
# shellcheck source-path=SCRIPTDIR source=../../hack/lib.sh
. "$(dirname "$0")/../../hack/lib.sh"
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$ROOT/tests/redis/redis.sh"
cd "$ROOT"

# Growth that later orders may cause, in percent: versions do not change in size, but the allocator
# and the tables of Redis do.
MAX_GROWTH_PERCENT=5

main() {
  local orders=${1:-1000000} customers=${2:-100000}
  folder=$(mktemp -d)
  trap stop EXIT
  start_redis --port 0

  local empty first all
  empty=$(memory used_memory)
  send 1 "$customers" "$customers"
  first=$(memory used_memory)
  echo "$customers customers with one order each: $(((first - empty) / customers)) bytes per customer"
  send $((customers + 1)) "$orders" "$customers"
  all=$(memory used_memory)
  echo "$orders orders: $((all / 1048576)) MiB in use, $((all - first)) bytes more than after the first orders"
  echo "keys: $(redis dbsize)"
  [ $(((all - first) * 100)) -le $((first * MAX_GROWTH_PERCENT)) ] ||
    fail "the memory of Redis grows with the number of orders"
}

stop() {
  kill "$redis_pid" 2>/dev/null || true
  wait "$redis_pid" 2>/dev/null || true
  rm -rf "$folder"
}

# send FIRST LAST CUSTOMERS: adds a product to a cart and removes it with order number n, for every
# n.
# The times are those of the default settings.
send() {
  awk -v first="$1" -v last="$2" -v customers="$3" -v sha="$sha" "$PROTOCOL"'
    BEGIN {
      times = "604800000 259200000 691200000 604800000"
      product = "0199d6a0-0000-7000-8000-000000000001"
      for (n = first; n <= last; n++) {
        user = sprintf("0199d6a0-5b1e-7c3a-9a51-%012d", n % customers)
        order = sprintf("0199d6a0-5b1e-7c3a-9a52-%012d", n)
        keys = "cart:{" user "} cart:{" user "}:last_order"
        command("EVALSHA " sha " 2 " keys " add 99 100 " times " 0 " product " 1")
        command("EVALSHA " sha " 3 " keys " cart:{" user "}:order:" order \
          " take 99 100 " times " " n " " product " 1")
      }
    }' | send_commands
}

main "$@"
