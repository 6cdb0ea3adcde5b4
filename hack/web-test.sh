#!/usr/bin/env bash
# web-test.sh [ARGUMENT…]: tests the web shop in an installed Chromium with Playwright, on a shop of
# its own. The arguments are those of `playwright test`, such as --headed or -g "two tabs". The last
# line is `N passed, N failed`. tests/browser/README.md describes the tests.
#
# With SHOP_URL it tests a shop that runs, and starts none. Then API_URL, INBOX_URL, ADMIN_EMAIL and
# ADMIN_PASSWORD are those of this shop.
#
# CHROME_PATH names another Chromium or Chrome; WEB_TEST_WORKERS is 2, the number of browsers at the
# same time.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

TESTS=$ROOT/tests/browser
PROGRAM=${CARGO_TARGET_DIR:-target}/debug/shop
START_SECS=90 # the first start creates roles, databases and tables
COMPONENTS="USER CATALOG CART ORDER PAYMENT NOTIFICATION SHIPPING GATEWAY INBOX INBOX_SMTP"
# A test sends more requests than a shopper.
UNLIMITED="RATE_LIMIT_PER_MINUTE RATE_LIMIT_BURST RATE_LIMIT_WEB_PER_MINUTE RATE_LIMIT_WEB_BURST
  SIGN_IN_LIMIT_PER_IP GUEST_CART_LIMIT_PER_IP"

main() {
  if [ -n "${SHOP_URL:-}" ]; then
    "$ROOT/hack/tools.sh" node
    prepare
    cd "$TESTS"
    exec node_modules/.bin/playwright test "$@"
  fi
  if [ -z "${DATABASE_URL:-}" ]; then
    "$ROOT/hack/tools.sh" servers node
    cargo build --quiet --workspace --bins
    with_servers "$0" "$@"
    return
  fi
  prepare
  work=$(mktemp -d)
  pids=()
  trap stop EXIT
  step "start of the shop" start_shops
  cd "$TESTS"
  node_modules/.bin/playwright test "$@"
}

prepare() {
  CHROME_PATH=$("$ROOT/hack/tools.sh" chromium-path)
  export CHROME_PATH
  step "packages of the browser tests" node_packages "$TESTS"
}

# Starts the whole shop; in front of the same gateway a shop in German with another hue; and one
# whose gateway does not respond.
start_shops() {
  local name ports
  read -r -a ports <<<"$(free_ports 17)"
  for name in $COMPONENTS; do
    export "${name}_LISTEN=127.0.0.1:${ports[0]}"
    ports=("${ports[@]:1}")
  done
  for name in $UNLIMITED; do export "$name=0"; done
  export API_URL=http://$GATEWAY_LISTEN INBOX_URL=http://$INBOX_LISTEN
  export ADMIN_EMAIL=admin@example.com ADMIN_PASSWORD=browser-test-password
  export SHOP_URL=http://127.0.0.1:${ports[0]}
  export GERMAN_SHOP_URL=http://127.0.0.1:${ports[1]} UNAVAILABLE_SHOP_URL=http://127.0.0.1:${ports[2]}
  ADMIN_PORTS=("${ports[@]:3:3}")
  export ADMIN_URLS="${ADMIN_PORTS[*]/#/http://127.0.0.1:}"
  record_telemetry "${ports[6]}"
  BCRYPT_COST=4 SEED_DEMO_DATA=true shop "$SHOP_URL" all
  GATEWAY_URL=$API_URL LOCALE=de-DE ACCENT_HUE=20 shop "$GERMAN_SHOP_URL" web serve
  GATEWAY_URL=http://127.0.0.1:1 shop "$UNAVAILABLE_SHOP_URL" web serve
  wait_until $START_SECS is_ready || {
    tail -n 100 "$TELEMETRY_FOLDER/shop.log" >&2
    fail "the shop is not ready after $START_SECS s: the log is above"
  }
}

# record_telemetry PORT: at the end, leaks/teardown.js scans all logs, metrics and traces for the
# tokens that the tests record and for other secrets.
record_telemetry() {
  export TELEMETRY_FOLDER=$work/telemetry TOKENS_FILE=$work/tokens
  mkdir "$TELEMETRY_FOLDER"
  : >"$TOKENS_FILE"
  export RUST_LOG=debug LOG_FORMAT=json
  export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$1 OTEL_BSP_SCHEDULE_DELAY=1000
  node "$TESTS/leaks/collector.js" "$1" "$TELEMETRY_FOLDER/traces" &
  pids+=($!)
}

# shop URL ARGUMENT…: starts the program in the background, with its web shop at this URL. The API
# has no URL of its own here: API_URL would be a setting of the gateway.
shop() {
  local url=$1
  shift
  env -u API_URL ADMIN_ADDR="127.0.0.1:${ADMIN_PORTS[0]}" WEB_LISTEN="${url#http://}" WEB_URL="$url" \
    "$PROGRAM" "$@" >>"$TELEMETRY_FOLDER/shop.log" 2>&1 &
  pids+=($!)
  ADMIN_PORTS=("${ADMIN_PORTS[@]:1}")
}

is_ready() {
  curl --silent --fail --output /dev/null "$SHOP_URL/products/walden" &&
    curl --silent --fail --output /dev/null "$GERMAN_SHOP_URL/products/walden" &&
    curl --silent --fail --output /dev/null "$API_URL/api/v1/auth/login" --header 'Content-Type: application/json' \
      --data "{\"email\": \"$ADMIN_EMAIL\", \"password\": \"$ADMIN_PASSWORD\"}"
}

stop() {
  local code=$? pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" 2>/dev/null || true; done
  # Not printed: the last line of the output is the number of tests.
  if [ $code != 0 ] && [ -d "$TESTS/test-results" ]; then cp "$TELEMETRY_FOLDER/shop.log" "$TESTS/test-results"; fi
  rm -rf "$work"
  exit $code
}

main "$@"
