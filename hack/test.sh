#!/usr/bin/env bash
# Everything that needs no cluster: format, lints, documents, dependencies, tests, chart, scripts.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export SQLX_OFFLINE=true # queries are checked against the committed .sqlx folders

main() {
  step "format" cargo fmt --all --check
  step "lints" cargo clippy --workspace --all-targets --quiet -- -D warnings
  step "documents" documents
  step "dependencies" dependencies
  step "scripts" scripts
  # Before the tests: some of them render it, with the helm that this brings.
  step "chart" chart
  step "tests" "$ROOT/hack/test-env.sh" cargo test --workspace --exclude e2e --no-fail-fast
  step "settings" cargo test --package e2e --test settings
  step "API against its document" "$ROOT/hack/test-env.sh" --without-kubernetes "$ROOT/hack/conformance.sh"
  step "checked queries" "$ROOT/hack/test-env.sh" --without-kubernetes "$ROOT/hack/sqlx.sh" --check
}

documents() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet; }

dependencies() {
  "$ROOT/hack/tools.sh" cargo-deny
  cargo deny --all-features --log-level error check bans licenses sources
  if advisories_reachable; then
    cargo deny --all-features --log-level error check advisories
  else
    note "advisories: not checked, for their database on github.com cannot be reached from here"
  fi
}

advisories_reachable() {
  timeout 10 git ls-remote --quiet https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1
}

# bash reads them all; shellcheck too, where it is installed.
scripts() {
  local script
  for script in hack/*.sh images/*.sh .ci/run; do
    [ ! -f "$script" ] || bash -n "$script"
  done
  if has shellcheck; then shellcheck -x hack/*.sh .ci/run; else note "shellcheck: not installed, left out"; fi
}

chart() {
  "$ROOT/hack/tools.sh" helm
  local chart
  for chart in charts/*/; do
    helm lint --strict --quiet "$chart"
    helm template storefront-operator "$chart" --namespace storefront-system >/dev/null
  done
}

main
