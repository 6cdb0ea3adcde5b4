#!/usr/bin/env bash
# Measures the shop: builds it with the release profile, starts a private PostgreSQL and Redis, runs
# the load generator. BENCH_SECONDS=1 shortens the runs; BENCH_DOCUMENT= leaves docs/benchmarks.md
# unchanged; PROFILE=local builds faster.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# The private server of tests is not durable; a measured shop must be.
export POSTGRES_SETTINGS="fsync=on synchronous_commit=on full_page_writes=on
  shared_preload_libraries=pg_stat_statements"

[ -e /proc/self/status ] || fail "the memory of processes is read from /proc: measure on Linux"
export BENCH_DOCUMENT=${BENCH_DOCUMENT-docs/benchmarks.md}
[ -n "$BENCH_DOCUMENT" ] || unset BENCH_DOCUMENT
programs=$(PROFILE=${PROFILE:-release} "$ROOT/hack/images.sh" binaries shop bench)
with_servers "$programs/bench" report --shop "$programs/shop"
