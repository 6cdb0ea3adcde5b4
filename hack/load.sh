#!/usr/bin/env bash
# load.sh IMAGE…: brings images to where the cluster finds them, and prints the names it knows them by.
# A kind cluster is given what it does not have. Any other one, by CLUSTER=current, pulls from the
# registry that REGISTRY names (registry.example.com/team), to which the images are pushed.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

main() {
  local context=kind-$CLUSTER_NAME image
  [ "${CLUSTER:-kind}" != current ] || context=$(kubectl config current-context)
  for image in "$@"; do
    if [ -n "${REGISTRY:-}" ]; then
      push "$image"
    elif [ "${context#kind-}" != "$context" ]; then
      load "$image" "${context#kind-}"
    else
      fail "the cluster $context needs a registry to pull from: set REGISTRY=host/path, and log Docker in to it"
    fi
  done
}

load() {
  local there
  there=$(docker exec "$2-control-plane" ctr --namespace k8s.io images ls --quiet)
  if grep -Fqx -e "docker.io/$1" -e "$1" <<<"$there"; then
    found "$1 in the cluster" >&2
  else
    step "loading $1" kind load docker-image --quiet --name "$2" "$1" >&2
  fi
  echo "$1"
}

push() {
  local there=${REGISTRY%/}/$1
  docker tag "$1" "$there"
  step "pushing $there" docker push --quiet "$there" >&2
  echo "$there"
}

main "$@"
