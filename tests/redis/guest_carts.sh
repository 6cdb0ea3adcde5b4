#!/usr/bin/env bash
# guest_carts.sh [CARTS]: fills a Redis with the memory of profile Standard with carts of guests, by
# default 1,200,000: those that 1,000 addresses create in an hour, 20 a minute each. The script of
# the cart service writes them directly; before each batch the gateway of a whole shop is asked for
# one more. From the first refusal on, all are refused, existing carts are served, and one is
# ordered.
# shellcheck source-path=SCRIPTDIR source=../../hack/lib.sh
. "$(dirname "$0")/../../hack/lib.sh"
# shellcheck source-path=SCRIPTDIR source=redis.sh
. "$ROOT/tests/redis/redis.sh"
cd "$ROOT"

MAX_MEMORY=128mb # half of the memory limit of profile Standard
BATCH=10000
SAMPLES=100 # of the requests that are refused
COMPONENTS="USER CATALOG CART ORDER PAYMENT NOTIFICATION SHIPPING WEB GATEWAY INBOX INBOX_SMTP"
UNLIMITED="RATE_LIMIT_PER_MINUTE RATE_LIMIT_BURST GUEST_CART_LIMIT_PER_IP SIGN_IN_LIMIT_PER_IP"
CARD='"payment_method_id": "pm_test_visa"'
ADDRESS='"shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"}'

main() {
  local carts=${1:-1200000}
  if [ -z "${DATABASE_URL:-}" ]; then
    hack/tools.sh servers node
    cargo build --quiet --workspace --bins
    with_servers "$0" "$@"
    return
  fi
  folder=$(mktemp -d)
  pids=()
  tokens=()
  trap stop EXIT
  start_servers
  product=$(call GET /products/walden | field id)
  line="{\"product_id\": \"$product\", \"quantity\": 1}"

  local empty written=0
  empty=$(memory used_memory)
  while [ $written -lt "$carts" ]; do
    create_cart
    [ "$status" = 201 ] || break
    tokens+=("$(field cart_token <"$folder/response")")
    write_carts $((written + 1)) $((written + BATCH))
    written=$((written + BATCH))
  done
  expect "a new cart" 503
  written=$((written + ${#tokens[@]}))
  report "$written" "$empty"
  refuse $((carts - written))
  existing_carts_are_served
  existing_cart_is_ordered
}

# report WRITTEN EMPTY
report() {
  local used limit
  used=$(memory used_memory)
  limit=$(memory maxmemory)
  echo "carts until the first refusal: $1, $(((used - $2) / $1)) bytes each"
  echo "memory: $used of $limit bytes, $((used * 100 / limit)) %"
}

# refuse REST: tries some of the carts that are not written, and none is created.
refuse() {
  local number
  for ((number = 0; number < SAMPLES; number++)); do
    create_cart
    expect "a new cart" 503
  done
  grep -qi '^retry-after:' "$folder/headers" || fail "a refused cart has no Retry-After"
  echo "refused: $SAMPLES of $SAMPLES that were tried of the remaining $1"
}

existing_carts_are_served() {
  local token
  for token in "${tokens[@]}"; do
    send GET /cart --header "Cart-Token: $token"
    expect "an existing cart" 200
    grep -q "$product" "$folder/response" || fail "an existing cart is empty"
    send POST /cart/items --header "Cart-Token: $token" --data "$line"
    expect "one more unit in an existing cart" 201
  done
  echo "existing carts: ${#tokens[@]} of ${#tokens[@]} were read and changed"
}

existing_cart_is_ordered() {
  local email authorization
  email="guest-$$-$(date +%s)@example.com"
  send POST /auth/register --data "{\"email\": \"$email\", \"password\": \"correct horse battery\",
    \"first_name\": \"Ada\", \"last_name\": \"Lovelace\"}"
  expect "a registration" 201
  authorization="Authorization: Bearer $(field access_token <"$folder/response")"
  send POST /cart/merge --header "$authorization" --data "{\"cart_token\": \"${tokens[0]}\"}"
  expect "the merge" 200
  send POST /orders --header "$authorization" --data "{$CARD, $ADDRESS}"
  expect "the order" 201
  grep -q '"status":"confirmed"' "$folder/response" || fail "the order is not confirmed: $(cat "$folder/response")"
  echo "the cart of a guest who registered was merged and ordered"
}

start_servers() {
  local name ports
  read -r -a ports <<<"$(free_ports 12)"
  start_redis --port "${ports[11]}" --bind 127.0.0.1 --maxmemory $MAX_MEMORY --maxmemory-policy noeviction
  pids+=("$redis_pid")
  export REDIS_URL=redis://127.0.0.1:${ports[11]}
  for name in $COMPONENTS; do
    export "${name}_LISTEN=127.0.0.1:${ports[0]}"
    ports=("${ports[@]:1}")
  done
  for name in $UNLIMITED; do export "$name=0"; done
  export ADMIN_ADDR=127.0.0.1:0 RUST_LOG=warn BCRYPT_COST=4 SEED_DEMO_DATA=true
  "${CARGO_TARGET_DIR:-target}/debug/shop" all >"$folder/log" 2>&1 &
  pids+=($!)
  wait_until 90 is_ready || fail "the shop is not ready: $(tail -n 20 "$folder/log")"
}

is_ready() {
  call GET /products/walden >"$folder/product" && grep -q '"id"' "$folder/product" &&
    send GET /cart --header "Cart-Token: $(printf 'A%.0s' {1..43})" && [ "$status" = 200 ]
}

stop() {
  local code=$? pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
  exit $code
}

create_cart() { send POST /cart/items --data "$line"; }

# send METHOD PATH ARGUMENT…: sets `status`; the response is in the folder.
send() {
  local method=$1 path=$2
  shift 2
  status=$(curl --silent --request "$method" "http://$GATEWAY_LISTEN/api/v1$path" \
    --header 'Content-Type: application/json' --header "Idempotency-Key: $RANDOM-$RANDOM-$SECONDS" \
    --dump-header "$folder/headers" --output "$folder/response" --write-out '%{http_code}' "$@")
}

call() { send "$@" && cat "$folder/response"; }

# field NAME: the first text of this name in the JSON of the standard input.
field() { grep -o "\"$1\":\"[^\"]*\"" | sed -n '1s/.*:"\(.*\)"/\1/p'; }

expect() {
  [ "$status" = "$2" ] || fail "$1: $status instead of $2: $(cat "$folder/response")"
}

# write_carts FIRST LAST: what the cart service writes when guests add a product. The times are
# those of the default settings; the ids are UUIDs of version 8.
write_carts() {
  awk -v first="$1" -v last="$2" -v sha="$sha" -v product="$product" "$PROTOCOL"'
    BEGIN {
      times = "172800000 172800000 691200000 604800000"
      for (n = first; n <= last; n++) {
        guest = sprintf("0199d6a0-5b1e-8c3a-9a51-%012d", n)
        keys = "cart:{" guest "} cart:{" guest "}:last_order"
        command("EVALSHA " sha " 2 " keys " add 99 100 " times " 0 " product " 1")
      }
    }' | send_commands
}

main "$@"
