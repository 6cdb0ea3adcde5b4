#!/usr/bin/env bash
# up.sh: creates what is missing for a Storefront that is Ready: tools, Docker engine, cluster,
# images, operator, example. Existing parts stay as they are. up.sh down: removes the cluster, and
# the Docker engine if up.sh started it. On a cluster of yours (CLUSTER=current) it removes only the
# Storefront and the operator. up.sh clean [everything]: removes build results and our images; with
# "everything" also the cluster and the cache.
#
#   CLUSTER=current   use the cluster that kubectl points at, instead of a kind cluster
#   REGISTRY=host/x   push the images to this registry, for a cluster that is not kind's
#   PROFILE=release   build with the release profile
#   NODE_IMAGE=…      image of the kind node, instead of kind's default
#   CLUSTER_NAME=…    name of the kind cluster, default storefront
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

main() {
  case ${1:-up} in
    up) up ;;
    down) down ;;
    clean) clean "${2:-}" ;;
    *) fail "usage: hack/up.sh [down | clean [everything]]" ;;
  esac
}

up() {
  local images
  hack/offline/dockerd.sh up
  hack/tools.sh kubectl helm
  [ "${CLUSTER:-kind}" = current ] || hack/tools.sh kind
  hack/cluster.sh up
  lines_of hack/images.sh
  images=("${LINES[@]}")
  lines_of hack/offline/data-images.sh
  images+=(${LINES[@]+"${LINES[@]}"})
  hack/deploy.sh "${images[@]}"
  printf '==> up: %d s\n' $SECONDS
}

# lines_of COMMAND…: sets LINES to the lines of the command's output; fails if the command fails.
lines_of() {
  local output
  output=$("$@") || exit 1
  IFS=$'\n' read -r -d '' -a LINES <<<"$output" || true
}

down() {
  if [ "${CLUSTER:-kind}" = current ]; then
    step "removing the Storefront and the operator" undeploy
  else
    hack/cluster.sh down
    hack/offline/dockerd.sh down
  fi
}

undeploy() {
  kube delete storefront demo --namespace shop --ignore-not-found --wait
  helm_here uninstall storefront-operator --namespace storefront-system --ignore-not-found --wait
}

# The images of the node, PostgreSQL, Redis and nginx count as cache.
clean() {
  local repositories="storefront/shop storefront/operator" repository
  cargo clean --quiet
  if [ "$1" = everything ]; then
    hack/cluster.sh down
    repositories="$repositories storefront/node storefront/postgres storefront/redis storefront/nginx storefront/probe"
  fi
  if has docker && docker info >/dev/null 2>&1; then
    for repository in $repositories; do
      docker images --quiet "$repository" | sort -u | xargs -r docker rmi --force >/dev/null
    done
  fi
  if [ "$1" = everything ]; then
    hack/offline/dockerd.sh down
    rm -rf "$CACHE"
  fi
}

main "$@"
