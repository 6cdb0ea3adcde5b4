#!/usr/bin/env bash
# Fails if a service's committed .sqlx/ is not what its queries say on its migrations, in the
# PostgreSQL of DATABASE_URL. Files that are generated from the code alone have tests of their own.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

for refresh in "$ROOT"/services/*/refresh-sqlx.sh; do
  "$refresh" --check
done
