#!/usr/bin/env bash
# The whole shop in one process on this machine, with demo data and with a PostgreSQL and a Redis that
# it starts itself where DATABASE_URL and REDIS_URL name none. Every setting of `shop all --help` can
# be given in the environment.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

export EMBEDDED=${EMBEDDED:-true} SEED_DEMO_DATA=${SEED_DEMO_DATA:-true} SQLX_OFFLINE=true
[ -n "${REDIS_URL:-}" ] || has valkey-server || need redis-server redis-server
exec cargo run --quiet --package shop -- all
