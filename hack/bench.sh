#!/usr/bin/env bash
# How fast the shop is: builds it as for a release, gives it a PostgreSQL and a Redis of its own, and
# measures. BENCH_SECONDS=1 makes runs short; BENCH_DOCUMENT= leaves docs/benchmarks.md alone;
# PROFILE=local builds it as make up does, which is quicker.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# What tests switch off a shop needs: what it has confirmed is on the disk.
DURABLE="fsync=on synchronous_commit=on full_page_writes=on"

main() {
  local programs
  [ -e /proc/self/status ] || fail "the memory of processes is read from /proc: measure on Linux"
  export BENCH_DOCUMENT=${BENCH_DOCUMENT-docs/benchmarks.md}
  [ -n "$BENCH_DOCUMENT" ] || unset BENCH_DOCUMENT
  programs=$(PROFILE=${PROFILE:-release} "$ROOT/hack/binaries.sh" shop bench)
  POSTGRES_SETTINGS="$DURABLE shared_preload_libraries=pg_stat_statements" \
    "$ROOT/hack/test-env.sh" --without-kubernetes "$programs/bench" report --shop "$programs/shop"
}

main "$@"
