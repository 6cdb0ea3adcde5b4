#!/usr/bin/env bash
# refresh-sqlx.sh [--check]: writes what the checked queries know of the database into .sqlx/.
#
# Needs DATABASE_URL, a PostgreSQL whose user may create databases, as `hack/test-env.sh` gives it:
#   hack/test-env.sh services/catalog/refresh-sqlx.sh
# With --check nothing is written, and it fails when .sqlx/ is stale.
set -euo pipefail
cd "$(dirname "$0")"

name=catalog_sqlx_$$
scratch=$(mktemp -d)
server=${DATABASE_URL:?is the server on which the migrations are tried}
trap 'psql -q "$server" -c "DROP DATABASE IF EXISTS $name WITH (FORCE)"; rm -rf "$scratch"' EXIT

psql -q "$server" -c "CREATE DATABASE $name"
url=$(sed -E "s#/[^/?]*(\?.*)?\$#/$name\1#" <<<"$server")
for file in migrations/*.sql; do
  psql -q "$url" -v ON_ERROR_STOP=1 --single-transaction -f "$file"
done

touch src/lib.rs # the compiler does not know that the answers of a database are its input
mkdir "$scratch/queries"
SQLX_CATALOG_DATABASE_URL=$url SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$scratch/queries \
  cargo check --quiet -p catalog

if [ "${1:-}" = --check ]; then
  diff -r .sqlx "$scratch/queries" >&2 || {
    echo "services/catalog/.sqlx is stale: run hack/test-env.sh services/catalog/refresh-sqlx.sh" >&2
    exit 1
  }
else
  rm -rf .sqlx
  mv "$scratch/queries" .sqlx
fi
