#!/usr/bin/env bash
# Builds the images of PostgreSQL and Redis from Debian packages and prints their two names. Where a
# registry can be reached it prints nothing: the operator's defaults, the official images, are used.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$ROOT/hack/offline/debian.sh"

POSTGRES_MAJOR=15 # of Debian bookworm
HERE=hack/offline

main() {
  if registry_reachable; then return; fi
  image postgres $POSTGRES_MAJOR postgresql-$POSTGRES_MAJOR \
    "/usr/lib/postgresql/$POSTGRES_MAJOR/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  image redis 7 redis-server "/usr/sbin:/usr/bin:/sbin:/bin"
}

# image NAME VERSION PACKAGE PATH
image() {
  local image
  image=storefront/$1:$2-$(digest_of "$HERE/images/$1.sh" $HERE/images/trim.sh $HERE/data-images.sh)
  docker image inspect "$image" >/dev/null 2>&1 || step "image of $1 from packages" build "$image" "$@" >&2
  remove_other_tags "$image"
  echo "$image"
}

# build IMAGE NAME VERSION PACKAGE PATH
build() {
  debian_tar --variant=extract --include="$4,busybox-static,libc-bin" \
    --extract-hook="$ROOT/$HERE/images/$2.sh \"\$1\"" |
    docker import --change "ENV PATH=$5" --change 'USER 999:999' --change 'CMD ["sh"]' - "$1" >/dev/null
}

main
