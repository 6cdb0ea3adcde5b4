#!/usr/bin/env bash
# test-env.sh [--without-kubernetes] COMMAND…: runs COMMAND beside a PostgreSQL and a Redis of its
# own.
#
# COMMAND finds them in DATABASE_URL (the superuser's, database postgres) and REDIS_URL, and etcd
# and kube-apiserver in the folder KUBEBUILDER_ASSETS. Everything is gone when COMMAND has ended,
# and its exit code is ours. --without-kubernetes leaves out the folder, which takes minutes to make
# once. POSTGRES_SETTINGS="name=value name=value" win over those that stand here.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

MIN_POSTGRES=15
TRIES=10 # a port that was free when asked may be taken a moment later, hardly ten times in a row

main() {
  local kubernetes=yes
  if [ "${1:-}" = --without-kubernetes ]; then
    kubernetes=no
    shift
  fi
  [ $# -gt 0 ] || fail "usage: hack/test-env.sh [--without-kubernetes] COMMAND…"
  if [ $kubernetes = yes ]; then
    KUBEBUILDER_ASSETS=$("$ROOT/hack/assets.sh")
    export KUBEBUILDER_ASSETS
  fi

  find_postgres
  need redis-server redis-server
  # The real path, for Redis tells its folder by it.
  DATA=$(mktemp -d "${TMPDIR:-/tmp}/storefront-test.XXXXXX")
  DATA=$(cd "$DATA" && pwd -P)
  trap stop_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  start_postgres
  start_redis
  "$@"
}

# Sets PG_BIN to the newest PostgreSQL of this machine that is new enough.
find_postgres() {
  newest_postgres || {
    apt_install "PostgreSQL $MIN_POSTGRES or later" postgresql
    newest_postgres || fail "install PostgreSQL $MIN_POSTGRES or later and try again"
  }
}

newest_postgres() {
  local best=$((MIN_POSTGRES - 1)) bin version
  PG_BIN=
  for bin in "$(dirname "$(command -v initdb || echo /nowhere/initdb)")" \
    /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin; do
    # A lone link to one of them is no installation.
    if [ ! -x "$bin/initdb" ] || [ ! -x "$bin/postgres" ] || [ ! -x "$bin/pg_isready" ]; then
      continue
    fi
    version=$("$bin/initdb" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
    if [ "$version" -gt "$best" ]; then
      best=$version
      PG_BIN=$bin
    fi
  done
  [ -n "$PG_BIN" ]
}

# PostgreSQL refuses to run as root: then it runs as its package's user. Replaces this (sub)shell,
# so that the process id is the server's own.
as_server_user() {
  if is_root; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    exec "$@"
  fi
}

# Below the range from which the system itself hands out ports.
random_port() { echo $((20000 + RANDOM % 12000)); }

start_postgres() {
  local password=test try port
  mkdir "$DATA/pg"
  echo $password >"$DATA/password"
  ! is_root || chown -R postgres:postgres "$DATA"
  (as_server_user "$PG_BIN/initdb" -D "$DATA/pg" -U postgres --pwfile="$DATA/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale="$(utf8_locale)" --no-sync) \
    >"$DATA/initdb.log" 2>&1 || {
    cat "$DATA/initdb.log" >&2
    fail "initdb could not make a database in $DATA"
  }
  for ((try = 0; try < TRIES; try++)); do
    port=$(random_port)
    run_postgres "$port" >"$DATA/pg.log" 2>&1 &
    PG_PID=$!
    if answers "$PG_PID" postgres_answers "$port"; then
      export DATABASE_URL="postgres://postgres:$password@127.0.0.1:$port/postgres"
      return
    fi
    stop QUIT "$PG_PID"
  done
  cat "$DATA/pg.log" >&2
  fail "PostgreSQL did not start"
}

# Durability off: nothing of this outlives the command. 400 connections: tests run side by side,
# each with its own database and its own pools.
run_postgres() {
  local settings=() setting
  for setting in ${POSTGRES_SETTINGS:-}; do
    settings+=(-c "$setting")
  done
  as_server_user "$PG_BIN/postgres" -D "$DATA/pg" -p "$1" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$DATA" -c max_connections=400 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    ${settings[@]+"${settings[@]}"}
}

# UTF-8 letters are letters (search depends on it) wherever the machine has such a locale.
utf8_locale() {
  locale -a 2>/dev/null | grep -ix -m 1 -e 'C\.utf-\{0,1\}8' -e 'en_US\.utf-\{0,1\}8' || echo C
}

start_redis() {
  local try port
  for ((try = 0; try < TRIES; try++)); do
    port=$(random_port)
    redis-server --port "$port" --bind 127.0.0.1 --dir "$DATA" --save '' --appendonly no \
      --daemonize no >"$DATA/redis.log" 2>&1 &
    REDIS_PID=$!
    if answers "$REDIS_PID" redis_answers "$port"; then
      export REDIS_URL="redis://127.0.0.1:$port/0"
      return
    fi
    stop KILL "$REDIS_PID"
  done
  cat "$DATA/redis.log" >&2
  fail "Redis did not start"
}

# answers PID PROBE…: up to 20 s for the probe to succeed; false at once when the process has ended,
# as one does whose port was taken. The probes ask in a way that only our own process can answer.
answers() {
  local pid=$1 wait
  shift
  for ((wait = 0; wait < 200; wait++)); do
    kill -0 "$pid" 2>/dev/null || return 1
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  return 1
}

postgres_answers() { "$PG_BIN/pg_isready" -h "$DATA" -p "$1"; }
redis_answers() { redis-cli -p "$1" config get dir | grep -Fx "$DATA" >/dev/null; }

stop_all() {
  local code=$?
  trap '' INT TERM
  stop QUIT "${PG_PID:-}" # PostgreSQL's "immediate": there is nothing to save
  stop KILL "${REDIS_PID:-}"
  rm -rf "$DATA"
  exit $code
}

stop() {
  [ -n "$2" ] || return 0
  kill -"$1" "$2" 2>/dev/null || true
  wait "$2" 2>/dev/null || true
}

main "$@"
