#!/usr/bin/env bash
# images.sh: builds the images of the shop and the operator and prints their names. A tag is the
# digest of the content, so only changed images restart pods.
#
# images.sh binaries [PACKAGE…]: builds only the programs, the shop and the operator by default, and
# prints their folder. PROFILE=release takes minutes longer and gives smaller programs.
#
# images.sh run: runs the whole shop in one process, or the components in ONLY, with a private
# PostgreSQL and Redis. It builds with the profile of the newest shop in the target folder: that of
# the images after `make up`, that of the tests otherwise. So cargo compiles only what changed.
#
# On Linux with cargo the programs are built here; elsewhere Docker builds them with ../Dockerfile.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

PROFILE=${PROFILE:-local}
CERTIFICATES="/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem"

main() {
  local folder arch
  if [ "${1:-}" = binaries ]; then
    shift
    binaries "$@"
    return
  fi
  [ "${1:-}" != run ] || run
  arch=$(node_arch)
  if [ "$(uname)" = Linux ] && has cargo && [ "$(machine_arch)" = "$arch" ]; then
    folder=$(binaries)
    image_of "$folder/shop" shop
    image_of "$folder/storefront-operator" operator
  else
    image_by_docker "$arch" shop
    image_by_docker "$arch" operator
  fi
}

# binaries [PACKAGE…]
binaries() {
  [ "$(uname)" = Linux ] || fail "static programs for Linux are built on Linux: use make images instead"
  has cargo || fail "cargo is missing: install Rust (https://rustup.rs) and try again"
  [ $# -gt 0 ] || set -- shop storefront-operator
  step "binaries of $* (profile $PROFILE)" cargo_build "$@" >&2
  echo "${CARGO_TARGET_DIR:-target}/$(uname -m)-unknown-linux-gnu/$PROFILE"
}

run() {
  local target=${CARGO_TARGET_DIR:-target} folder
  "$ROOT/hack/tools.sh" servers
  export EMBEDDED=${EMBEDDED:-true} SEED_DEMO_DATA=${SEED_DEMO_DATA:-true}
  if [ "$target/$(uname -m)-unknown-linux-gnu/$PROFILE/shop" -nt "$target/debug/shop" ]; then
    # The same packages as for the images: with others, cargo would enable other features.
    folder=$(binaries)
    exec "$folder/shop" all
  fi
  # Without --package, cargo reuses what it compiled for the tests of the whole workspace.
  exec cargo run --quiet --bin shop -- all
}

cargo_build() {
  local packages=() package
  for package in "$@"; do
    packages+=(--package "$package")
  done
  image_build_flags
  cargo build "${BUILD[@]}" "${packages[@]}"
}

machine_arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) uname -m ;;
  esac
}

node_arch() {
  if [ "${CLUSTER:-kind}" = current ]; then
    kube get nodes -o 'jsonpath={.items[0].status.nodeInfo.architecture}'
  else
    docker version --format '{{.Server.Arch}}'
  fi
}

version() { sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml; }

# image_of BINARY NAME: an image of the program and the CA certificates. `docker import` needs
# neither a builder, whose cache can be stale, nor a base image.
image_of() {
  local binary=$1 name=$2 image
  image=storefront/$name:$(version)-dev.$(cat "$binary" "$(certificates)" hack/images.sh | digest)
  if docker image inspect "$image" >/dev/null 2>&1; then
    found "image $image" >&2
  else
    step "image $image" import_image "$binary" "$name" "$image" >&2
  fi
  remove_other_tags "$image"
  echo "$image"
}

certificates() {
  local file
  for file in $CERTIFICATES; do
    if [ -s "$file" ]; then
      echo "$file"
      return
    fi
  done
  fail "CA certificates are missing: install them (Debian package: ca-certificates) and try again"
}

import_image() {
  local root
  root=$(mktemp -d)
  mkdir -p "$root/etc/ssl/certs"
  install -m 755 "$1" "$root/$2"
  install -m 644 "$(certificates)" "$root/etc/ssl/certs/ca-certificates.crt"
  chmod 755 "$root"
  tar --owner=0 --group=0 -C "$root" -c . | docker import --change "ENTRYPOINT [\"/$2\"]" \
    --change 'USER 65532:65532' --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' - "$3" >/dev/null
  rm -rf "$root"
}

# image_by_docker ARCH NAME: the tag is the digest of the image that Docker built.
image_by_docker() {
  local image built=storefront/$2:built
  step "image of $2, built by Docker" docker build --quiet --platform "linux/$1" --target "$2" \
    --build-arg "PROFILE=$PROFILE" --tag "$built" . >&2
  image=storefront/$2:$(version)-dev.$(docker image inspect --format '{{.Id}}' "$built" | digest)
  docker tag "$built" "$image"
  remove_other_tags "$image"
  echo "$image"
}

main "$@"
