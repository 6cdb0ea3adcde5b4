#!/usr/bin/env bash
# sqlx.sh [--check] [SERVICE…]: writes what the checked queries of these services (of all, if none is
# named) know of their database into services/SERVICE/.sqlx/, which is committed, so that builds need
# no database. With --check nothing is written, and it fails when one of them is stale.
#
# Needs DATABASE_URL, a PostgreSQL whose user may create databases, as test-env.sh gives it:
#   hack/test-env.sh --without-kubernetes hack/sqlx.sh catalog
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

main() {
  check=no
  if [ "${1:-}" = --check ]; then
    check=yes
    shift
  fi
  server=${DATABASE_URL:?is the server on which the migrations are tried}
  if [ $# = 0 ]; then
    local folder
    for folder in services/*/migrations; do set -- "$@" "$(basename "$(dirname "$folder")")"; done
  fi
  local service
  for service in "$@"; do (of_service "$service"); done
}

of_service() {
  local service=$1 name=${1}_sqlx_$$ url file
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064 # the name of now
  trap "psql -q '$server' -c 'DROP DATABASE IF EXISTS $name WITH (FORCE)'; rm -rf '$scratch'" EXIT
  psql -q "$server" -c "CREATE DATABASE $name"
  url=$(sed -E "s#/[^/?]*(\?.*)?\$#/$name\1#" <<<"$server")
  for file in "services/$service"/migrations/*.sql; do
    psql -q "$url" -v ON_ERROR_STOP=1 --single-transaction -f "$file"
  done
  touch "services/$service/src/lib.rs" # the compiler does not know that a database's answers are its input
  mkdir "$scratch/queries"
  # By the name that the service's sqlx.toml says; see there.
  export "SQLX_$(tr '[:lower:]' '[:upper:]' <<<"$service")_DATABASE_URL=$url"
  SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$scratch/queries cargo check --quiet -p "$service"
  if [ $check = yes ]; then
    diff -r "services/$service/.sqlx" "$scratch/queries" >&2 ||
      fail "services/$service/.sqlx is stale: run hack/test-env.sh --without-kubernetes hack/sqlx.sh $service"
  else
    rm -rf "services/$service/.sqlx"
    mv "$scratch/queries" "services/$service/.sqlx"
  fi
}

main "$@"
