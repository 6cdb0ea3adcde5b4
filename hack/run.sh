#!/usr/bin/env bash
# run.sh: runs the whole shop in one process, or the components in ONLY, with a private PostgreSQL
# and Redis.
#
# It builds with the profile of the newest shop in the target folder: that of the images after
# `make up`, that of the tests otherwise. So cargo compiles only what changed since then.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

main() {
  local target=${CARGO_TARGET_DIR:-target} folder
  "$ROOT/hack/tools.sh" servers
  export EMBEDDED=${EMBEDDED:-true} SEED_DEMO_DATA=${SEED_DEMO_DATA:-true}
  if [ "$target/$(uname -m)-unknown-linux-gnu/${PROFILE:-local}/shop" -nt "$target/debug/shop" ]; then
    # The same packages as for the images: with others, cargo would enable other features.
    folder=$("$ROOT/hack/images.sh" binaries)
    exec "$folder/shop" all
  fi
  # Without --package, cargo reuses what it compiled for the tests of the whole workspace.
  exec cargo run --quiet --bin shop -- all
}

main "$@"
