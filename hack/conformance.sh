#!/usr/bin/env bash
# Generates a Python client from the OpenAPI document and checks its types. Then tests the running
# API against the document with Schemathesis: every operation gets valid and invalid requests; a
# response is an error if it is a 5xx or differs from the document.
#
# CONFORMANCE_EXAMPLES is the number of requests per operation and phase, CONFORMANCE_SEED repeats a
# run. CONFORMANCE_WORKERS is 1: Python 3.11 cannot parse two texts at once in two threads
# (python/cpython#106905), so that a run with more workers fails now and then.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

EXAMPLES=${CONFORMANCE_EXAMPLES:-12}
SEED=${CONFORMANCE_SEED:-1}
START_SECS=60 # the first start creates roles, databases and tables
ADMIN=admin@example.com
PASSWORD=conformance-password

main() {
  if [ -z "${DATABASE_URL:-}" ]; then
    with_servers "$0" "$@"
    return
  fi
  schemathesis=$("$ROOT/hack/tools.sh" schemathesis-path)/schemathesis
  work=$(mktemp -d)
  trap stop EXIT
  step "generated client" generated_client
  start_shop
  cd "$work" # Schemathesis stores its state in the working directory
  # Sign-out and password change would end the session of the other requests.
  "$schemathesis" run "$api/openapi.json" --url "$api" --header "Authorization: Bearer $(token)" \
    --phases examples,coverage,fuzzing --max-examples "$EXAMPLES" --seed "$SEED" \
    --workers "${CONFORMANCE_WORKERS:-1}" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --exclude-path-regex '^/api/v1/auth/(logout|password/change)$' \
    --suppress-health-check all --warnings off --no-shrink --request-timeout 30 --continue-on-failure
}

# A warning means that an operation or a type is missing in the client. The generator's hooks format
# the code, which no one reads.
generated_client() {
  local tools
  tools=$("$ROOT/hack/tools.sh" openapi-python-client-path)
  echo 'post_hooks: []' >"$work/client.yaml"
  "$tools/openapi-python-client" generate --path services/gateway/openapi.json --meta none --fail-on-warning \
    --config "$work/client.yaml" --output-path "$work/client" >"$work/client.log" 2>&1 || {
    cat "$work/client.log" >&2
    fail "no client can be generated from services/gateway/openapi.json: the reason is above"
  }
  "$tools/mypy" --strict --no-error-summary --cache-dir /dev/null "$work/client" ||
    fail "the client generated from services/gateway/openapi.json does not compile: the reason is above"
}

start_shop() {
  local port
  cargo build --quiet --workspace --bins
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
    fail "the shop's administrator cannot sign in after $START_SECS s: the log is above"
  }
}

signs_in() { token >/dev/null; }

# Prints an access token of the administrator.
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

main "$@"
