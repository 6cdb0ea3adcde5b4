#!/usr/bin/env bash
# sqlx.sh [--check] [SERVICE…]: writes the data of checked queries into services/SERVICE/.sqlx/, for
# all services by default. The data is committed, so that builds need no database. --check writes
# nothing and fails when data is stale.
#
# Runs on a private PostgreSQL, or on the one of DATABASE_URL, whose user must be able to create
# databases.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

main() {
  local check=no service
  if [ -z "${DATABASE_URL:-}" ]; then
    with_servers "$0" "$@"
    return
  fi
  if [ "${1:-}" = --check ]; then
    check=yes
    shift
  fi
  if [ $# = 0 ]; then
    local folder
    for folder in services/*/migrations; do set -- "$@" "$(basename "$(dirname "$folder")")"; done
  fi
  scratch=$(mktemp -d)
  databases=()
  trap drop_databases EXIT
  for service in "$@"; do create_database "$service"; done
  if [ $check = yes ]; then check_all "$@"; else
    for service in "$@"; do write "$service"; done
  fi
}

# Creates a migrated database for the service, and exports its URL under the name in the service's
# sqlx.toml.
create_database() {
  local service=$1 name=${1}_sqlx_$$ url file mode
  databases+=("$name")
  psql -q "$DATABASE_URL" -c "CREATE DATABASE $name"
  url=$(sed -E "s#/[^/?]*(\?.*)?\$#/$name\1#" <<<"$DATABASE_URL")
  for file in "services/$service"/migrations/*.sql; do
    if [ "$(head -n 1 "$file")" = "-- no-transaction" ]; then mode=(); else mode=(--single-transaction); fi
    psql -q "$url" -v ON_ERROR_STOP=1 "${mode[@]}" -f "$file"
  done
  export "SQLX_$(tr '[:lower:]' '[:upper:]' <<<"$service")_DATABASE_URL=$url"
}

drop_databases() {
  local code=$? name
  for name in "${databases[@]}"; do
    psql -q "$DATABASE_URL" -c "DROP DATABASE IF EXISTS $name WITH (FORCE)"
  done
  rm -rf "$scratch"
  exit $code
}

# prepare FOLDER SELECTION SERVICE…: compiles the services against their databases; the data of the
# queries of the selected packages goes to FOLDER.
prepare() {
  local folder=$1 selection=$2 service
  shift 2
  mkdir "$folder"
  # The compiler does not know that the databases are an input of the macros.
  for service in "$@"; do touch "services/$service/src/lib.rs"; done
  SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$folder cargo check --quiet "$selection"
}

# One compilation for all services: a query's file is named by the hash of its text.
check_all() {
  local committed=$scratch/committed service
  # The whole workspace, so that dependencies have the features that other builds gave them.
  prepare "$scratch/queries" --workspace "$@"
  mkdir "$committed"
  for service in "$@"; do cp "services/$service/.sqlx"/*.json "$committed"; done
  diff -r "$committed" "$scratch/queries" >&2 ||
    fail "the committed query data is stale (< committed, > current): run hack/sqlx.sh"
}

# Compiles only this service: crates that depend on it would add their queries.
write() {
  local file
  prepare "$scratch/$1" "--package=$1" "$1"
  # The crate that services depend on may have been compiled, too.
  if [ "$1" != audit ]; then
    for file in services/audit/.sqlx/*.json; do rm -f "$scratch/$1/$(basename "$file")"; done
  fi
  rm -rf "services/$1/.sqlx"
  mv "$scratch/$1" "services/$1/.sqlx"
}

main "$@"
