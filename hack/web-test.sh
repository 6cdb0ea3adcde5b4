#!/usr/bin/env bash
# web-test.sh [ARGUMENT…]: tests the web shop in an installed Chromium with Playwright, on a shop of
# its own. The arguments are those of `playwright test`, such as --headed or -g "two tabs". The last
# line is `N passed, N failed`. tests/browser/README.md describes the tests.
#
# CHROME_PATH names another Chromium or Chrome; WEB_TEST_WORKERS is 2, the number of browsers at the
# same time.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

TESTS=$ROOT/tests/browser
START_SECS=90 # the first start creates roles, databases and tables
COMPONENTS="USER CATALOG CART ORDER PAYMENT NOTIFICATION SHIPPING GATEWAY INBOX INBOX_SMTP"
# A test sends more requests than a shopper.
UNLIMITED="RATE_LIMIT_PER_MINUTE RATE_LIMIT_BURST RATE_LIMIT_WEB_PER_MINUTE RATE_LIMIT_WEB_BURST
  SIGN_IN_LIMIT_PER_IP GUEST_CART_LIMIT_PER_IP"

main() {
  if [ -z "${DATABASE_URL:-}" ]; then
    "$ROOT/hack/tools.sh" servers node
    cargo build --quiet --workspace --bins
    with_servers "$0" "$@"
    return
  fi
  CHROME_PATH=$("$ROOT/hack/tools.sh" chromium-path)
  export CHROME_PATH
  step "packages of the browser tests" packages
  work=$(mktemp -d)
  pids=()
  trap stop EXIT
  step "start of the shop" start_shops
  cd "$TESTS"
  node_modules/.bin/playwright test "$@"
}

# Installs the packages of the lock file, once, into the cache.
packages() {
  local folder
  folder=$CACHE/browser-tests-$(cat "$TESTS/package.json" "$TESTS/package-lock.json" | digest)
  locked browser-tests install_once "$folder"
  [ -L "$TESTS/node_modules" ] || rm -rf "$TESTS/node_modules"
  ln -sfn "$folder/node_modules" "$TESTS/node_modules"
}

install_once() {
  [ ! -d "$1" ] || return 0
  rm -rf "$1.new"
  mkdir "$1.new"
  cp "$TESTS/package.json" "$TESTS/package-lock.json" "$1.new"
  # The tests use the Chromium that is installed.
  if ! (cd "$1.new" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel error); then
    fail "npm could not install the packages of tests/browser: the reason is above"
  fi
  mv "$1.new" "$1"
}

# Starts the whole shop; in front of the same gateway a shop in German with another hue; and one
# whose gateway does not respond.
start_shops() {
  local name ports
  read -r -a ports <<<"$(free_ports)"
  for name in $COMPONENTS; do
    export "${name}_LISTEN=127.0.0.1:${ports[0]}"
    ports=("${ports[@]:1}")
  done
  for name in $UNLIMITED; do export "$name=0"; done
  export API_URL=http://$GATEWAY_LISTEN INBOX_URL=http://$INBOX_LISTEN
  export ADMIN_EMAIL=admin@example.com ADMIN_PASSWORD=browser-test-password
  export ADMIN_ADDR=127.0.0.1:0 RUST_LOG=warn LOG_FORMAT=text
  export SHOP_URL=http://127.0.0.1:${ports[0]}
  export GERMAN_SHOP_URL=http://127.0.0.1:${ports[1]} UNAVAILABLE_SHOP_URL=http://127.0.0.1:${ports[2]}
  BCRYPT_COST=4 SEED_DEMO_DATA=true shop "$SHOP_URL" all
  GATEWAY_URL=$API_URL LOCALE=de-DE ACCENT_HUE=20 shop "$GERMAN_SHOP_URL" web serve
  GATEWAY_URL=http://127.0.0.1:1 shop "$UNAVAILABLE_SHOP_URL" web serve
  wait_until $START_SECS is_ready || {
    cat "$work/log" >&2
    fail "the shop is not ready after $START_SECS s: the log is above"
  }
}

# shop URL ARGUMENT…: starts the program in the background, with its web shop at this URL. The API
# has no URL of its own here: API_URL would be a setting of the gateway.
shop() {
  local url=$1
  shift
  env -u API_URL WEB_LISTEN="${url#http://}" WEB_URL="$url" \
    "${CARGO_TARGET_DIR:-target}/debug/shop" "$@" >>"$work/log" 2>&1 &
  pids+=($!)
}

is_ready() {
  curl --silent --fail --output /dev/null "$SHOP_URL/products/walden" &&
    curl --silent --fail --output /dev/null "$GERMAN_SHOP_URL/products/walden" &&
    curl --silent --fail --output /dev/null "$API_URL/api/v1/auth/login" --header 'Content-Type: application/json' \
      --data "{\"email\": \"$ADMIN_EMAIL\", \"password\": \"$ADMIN_PASSWORD\"}"
}

# Prints ports that are free, below those that systems assign to connections.
free_ports() {
  node -e '
    const net = require("node:net");
    const listen = (port) => new Promise((resolve) => {
      const server = net.createServer().on("error", () => resolve(null));
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
    (async () => {
      const servers = new Map();
      while (servers.size < 13) {
        const port = 20000 + Math.floor(Math.random() * 12000);
        const server = await listen(port);
        if (server) servers.set(port, server);
      }
      console.log([...servers.keys()].join(" "));
      for (const server of servers.values()) server.close();
    })();'
}

stop() {
  local code=$? pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" 2>/dev/null || true; done
  # Not printed: the last line of the output is the number of tests.
  if [ $code != 0 ] && [ -d "$TESTS/test-results" ]; then cp "$work/log" "$TESTS/test-results/shop.log"; fi
  rm -rf "$work"
  exit $code
}

main "$@"
