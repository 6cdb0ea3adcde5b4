#!/usr/bin/env bash
# Builds the images of PostgreSQL and Redis from Debian packages and prints their two names. Where a
# registry can be reached it prints nothing: the operator's defaults, the official images, are used.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$ROOT/hack/offline/debian.sh"

POSTGRES_MAJOR=15 # of Debian bookworm

if registry_reachable; then exit; fi
package_image postgres $POSTGRES_MAJOR postgresql-$POSTGRES_MAJOR \
  "/usr/lib/postgresql/$POSTGRES_MAJOR/bin:/usr/sbin:/usr/bin:/sbin:/bin"
package_image redis 7 redis-server "/usr/sbin:/usr/bin:/sbin:/bin"
