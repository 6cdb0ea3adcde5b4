#!/usr/bin/env bash
# From nothing to a Ready Storefront. What is there already is left as it is.
#
#   CLUSTER=current   use the cluster that kubectl points at, instead of a kind cluster of our own
#   REGISTRY=host/x   push the images there, for a cluster that is not kind's
#   PROFILE=release   build as for a release
#   NODE_IMAGE=…      image of the kind node, if not kind's own
#   CLUSTER_NAME=…    name of the kind cluster, storefront if not given
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# The output of a script as words, its failure as ours.
lines_of() {
  local output
  output=$("$@") || exit 1
  IFS=$'\n' read -r -d '' -a LINES <<<"$output" || true
}

hack/dockerd.sh up
hack/tools.sh kubectl helm
[ "${CLUSTER:-kind}" = current ] || hack/tools.sh kind
hack/cluster.sh up
lines_of hack/images.sh
images=("${LINES[@]}")
lines_of hack/data-images.sh
images+=(${LINES[@]+"${LINES[@]}"})
lines_of hack/load.sh "${images[@]}"
hack/deploy.sh "${LINES[@]}"
printf '==> up: %d s\n' $SECONDS
