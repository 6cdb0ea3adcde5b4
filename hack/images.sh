#!/usr/bin/env bash
# Makes the images of the shop and the operator and prints their names. The tag follows the content,
# so that a change rolls the pods, and no change does not.
#
# On Linux with cargo the binaries are built here; elsewhere Docker builds them with ../Dockerfile.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

CERTIFICATES="/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem"

main() {
  local folder arch
  arch=$(node_arch)
  if [ "$(uname)" = Linux ] && has cargo && [ "$(machine_arch)" = "$arch" ]; then
    folder=$("$ROOT/hack/binaries.sh")
    image_of "$folder/shop" shop
    image_of "$folder/storefront-operator" operator
  else
    image_by_docker "$arch" shop
    image_by_docker "$arch" operator
  fi
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

# image_of BINARY NAME: nothing but the binary and the certificates of public authorities. `docker
# import` is all it takes: no builder, whose caches can be stale, and no base image to pull.
image_of() {
  local binary=$1 name=$2 image
  image=storefront/$name:$(version)-dev.$(cat "$binary" "$(certificates)" hack/images.sh | digest)
  if docker image inspect "$image" >/dev/null 2>&1; then
    found "image $image" >&2
  else
    step "image $image" import_image "$binary" "$name" "$image" >&2
  fi
  only "$image"
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
  fail "certificates of public authorities are missing: install them (Debian package: ca-certificates)"
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

# image_by_docker ARCH NAME: the tag is of what Docker made.
image_by_docker() {
  local image built=storefront/$2:built
  step "image of $2, built by Docker" docker build --quiet --platform "linux/$1" --target "$2" \
    --build-arg "PROFILE=${PROFILE:-local}" --tag "$built" . >&2
  image=storefront/$2:$(version)-dev.$(docker image inspect --format '{{.Id}}' "$built" | digest)
  docker tag "$built" "$image"
  only "$image"
  echo "$image"
}

main
