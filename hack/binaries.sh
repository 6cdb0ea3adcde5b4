#!/usr/bin/env bash
# binaries.sh [PACKAGE…]: builds the shop and the operator, or other packages, as they go into images,
# static programs for this machine's processor, and prints their folder. PROFILE=release takes minutes
# more and makes them smaller.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

PROFILE=${PROFILE:-local}

[ "$(uname)" = Linux ] || fail "static programs for Linux are built on Linux: use make images instead"
has cargo || fail "cargo is missing: install Rust (https://rustup.rs) and try again"

[ $# -gt 0 ] || set -- shop storefront-operator

# build PACKAGE…
build() {
  local packages=() package
  for package in "$@"; do
    packages+=(--package "$package")
  done
  optimised
  SQLX_OFFLINE=true cargo build "${BUILD[@]}" "${packages[@]}"
}

step "binaries (profile $PROFILE), which takes minutes when much has changed" build "$@" >&2
echo "${CARGO_TARGET_DIR:-target}/$(uname -m)-unknown-linux-gnu/$PROFILE"
