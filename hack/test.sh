#!/usr/bin/env bash
# test.sh [all | check | lint]: the checks that need no cluster.
#
#   lint    format, words, import cycles, scripts, clippy, unused dependencies
#   check   lint and the unit tests that need no server; fast enough for every change
#   all     lint, documentation, dependencies, chart, all tests, browser tests, API conformance,
#           checked queries
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# Test binaries that run against a kube-apiserver. One server per binary serves all its tests, so
# they run with cargo test; nextest would start a server per test.
API_SERVER_TESTS="binary(cluster) | package(apiserver) |
  (package(storefront-api) & (binary(rules) | binary(resource) | binary(published)))"

# Builds always select the whole workspace: with --package, cargo enables other features of shared
# dependencies and compiles them again.
main() {
  case ${1:-all} in
    lint) lint ;;
    check)
      lint
      step "unit tests" unit_tests
      ;;
    all) all ;;
    *) fail "usage: hack/test.sh [all | check | lint]" ;;
  esac
}

all() {
  "$ROOT/hack/tools.sh" servers pgbouncer lua node chromium helm cargo-deny cargo-machete cargo-nextest
  lint
  step "documentation" documentation
  # Before the tests, because some of them render the chart.
  step "chart" chart
  step "compilation of the tests" compile
  step "tests" tests
  step "browser tests" "$ROOT/hack/web-test.sh"
  start "tests with a kube-apiserver" api_server_tests
  start "documentation examples" cargo test --workspace --doc --quiet
  start "API conformance" "$ROOT/hack/conformance.sh"
  start "dependencies" dependencies
  finish
  step "checked queries" "$ROOT/hack/sqlx.sh" --check
}

lint() {
  step "format" cargo fmt --all --check
  step "words" "$ROOT/hack/words.sh"
  step "import cycles" "$ROOT/hack/cycles.sh"
  step "scripts" scripts
  step "clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
  step "unused dependencies" unused_dependencies
}

# Unit tests that start another program have `with_servers` or `with_lua` in their module path.
unit_tests() { cargo test --workspace --lib --bins --quiet -- --skip with_servers --skip with_lua; }

documentation() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet; }

unused_dependencies() {
  "$ROOT/hack/tools.sh" cargo-machete
  cargo machete
}

dependencies() {
  cargo deny --all-features --log-level error check bans licenses sources
  if advisories_reachable; then
    cargo deny --all-features --log-level error check advisories
  else
    note "advisories: not checked, because their database on github.com cannot be reached"
  fi
}

advisories_reachable() {
  timeout 10 git ls-remote --quiet https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1
}

# bash parses every script; shellcheck analyzes them where it is installed.
scripts() {
  local script scripts=()
  while IFS= read -r script; do scripts+=("$script"); done < <(git ls-files 'hack/*.sh' .ci/run)
  for script in "${scripts[@]}"; do bash -n "$script"; done
  if has shellcheck; then shellcheck -x "${scripts[@]}"; else note "shellcheck is not installed: skipped"; fi
}

chart() {
  local chart
  for chart in charts/*/; do
    helm lint --strict --quiet "$chart"
    helm template storefront-operator "$chart" --namespace storefront-system >/dev/null
  done
}

# Everything that the later steps run, also the journeys and the programs.
compile() {
  cargo test --workspace --no-run --quiet
  cargo build --workspace --bins --quiet
}

tests() {
  TMPDIR=$(servers_folder) with_servers cargo nextest run --workspace --no-fail-fast \
    --test-threads "$(test_threads)" \
    --filterset "not ($API_SERVER_TESTS | (package(e2e) - binary(settings)))"
}

api_server_tests() {
  RUST_TEST_THREADS=$(test_threads) cargo test --workspace --no-fail-fast \
    --test cluster --test rules --test server --test resource --test published
}

# More than there are processors, because tests wait for timers and servers.
test_threads() { echo $(($(getconf _NPROCESSORS_ONLN) + 3)); }

# Prints the parent of the folder of the test servers: in memory where 4 GiB are free. Each test
# creates and drops a database of hundreds of files, which takes ext4 a fifth of the processor time.
servers_folder() {
  local free
  free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}') || free=0
  if [ "${free:-0}" -ge 4194304 ] && [ -w /dev/shm ]; then
    echo /dev/shm
  else
    echo "${TMPDIR:-/tmp}"
  fi
}

main "$@"
