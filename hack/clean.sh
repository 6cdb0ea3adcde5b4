#!/usr/bin/env bash
# clean.sh [everything]: removes what was built in this work tree and our images; with "everything"
# also the cluster and the cache, after which the next `make up` starts from nothing.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

cargo clean --quiet
[ "${1:-}" != everything ] || "$ROOT/hack/cluster.sh" down
if has docker && docker info >/dev/null 2>&1; then
  # The node image and those of PostgreSQL and Redis are part of the cache.
  repositories="storefront/shop storefront/operator"
  [ "${1:-}" != everything ] || repositories="$repositories storefront/node storefront/postgres storefront/redis storefront/probe"
  for repository in $repositories; do
    docker images --quiet "$repository" | sort -u | xargs -r docker rmi --force >/dev/null
  done
fi
if [ "${1:-}" = everything ]; then
  "$ROOT/hack/dockerd.sh" down
  rm -rf "$CACHE"
fi
