#!/usr/bin/env bash
# Asks every operation of the running API what its document allows and what it forbids, by
# Schemathesis: no answer may be a defect (5xx), or other than the document says.
#
# Needs DATABASE_URL and REDIS_URL, as test-env.sh gives them:
#   hack/test-env.sh --without-kubernetes hack/conformance.sh
# CONFORMANCE_EXAMPLES is how many requests an operation gets in each phase, CONFORMANCE_SEED repeats a run.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

EXAMPLES=${CONFORMANCE_EXAMPLES:-12}
SEED=${CONFORMANCE_SEED:-1}
START_SECS=60 # a first start makes roles, databases and tables
ADMIN=admin@example.com
PASSWORD=conformance-password

main() {
  : "${DATABASE_URL:?is the PostgreSQL of hack/test-env.sh}" "${REDIS_URL:?is the Redis of hack/test-env.sh}"
  schemathesis=$("$ROOT/hack/tools.sh" schemathesis-path)
  work=$(mktemp -d)
  trap stop EXIT
  start_shop
  cd "$work" # where it keeps what it remembers
  # Signing out, or another password, would end the session that everything else is asked in.
  # One worker: Python 3.11 parses no two texts at once in two threads (python/cpython#106905), and a run
  # would end now and then with an error that is not ours.
  "$schemathesis" run "$api/openapi.json" --url "$api" --header "Authorization: Bearer $(token)" \
    --phases examples,coverage,fuzzing --max-examples "$EXAMPLES" --seed "$SEED" --workers 1 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --exclude-path-regex '^/api/v1/auth/(logout|password/change)$' \
    --suppress-health-check all --warnings off --no-shrink --request-timeout 30 --continue-on-failure
}

start_shop() {
  local port
  SQLX_OFFLINE=true cargo build --quiet --package shop
  for name in USER CATALOG CART ORDER PAYMENT NOTIFICATION SHIPPING GATEWAY INBOX INBOX_SMTP; do
    port=$((20000 + RANDOM % 12000))
    export "${name}_LISTEN=127.0.0.1:$port"
    [ $name != GATEWAY ] || api=http://127.0.0.1:$port
  done
  ADMIN_ADDR=127.0.0.1:0 RATE_LIMIT_PER_MINUTE=0 SIGN_IN_LIMIT_PER_IP=0 BCRYPT_COST=4 SEED_DEMO_DATA=true \
    ADMIN_EMAIL=$ADMIN ADMIN_PASSWORD=$PASSWORD RUST_LOG=warn \
    "${CARGO_TARGET_DIR:-target}/debug/shop" all >"$work/log" 2>&1 &
  shop=$!
  wait_until $START_SECS signs_in || {
    cat "$work/log" >&2
    fail "the shop does not let its administrator in after $START_SECS s: its log is above"
  }
}

signs_in() { token >/dev/null; }

# An access token of the administrator.
token() {
  curl --silent --fail --request POST "$api/api/v1/auth/login" --header 'Content-Type: application/json' \
    --data "{\"email\": \"$ADMIN\", \"password\": \"$PASSWORD\"}" | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p' | grep .
}

stop() {
  local code=$?
  kill "${shop:-}" 2>/dev/null && wait "$shop" 2>/dev/null
  if [ $code != 0 ] && [ -s "$work/log" ]; then grep -E '"?(ERROR|error)' "$work/log" | head -20 >&2; fi
  rm -rf "$work"
  exit $code
}

main
