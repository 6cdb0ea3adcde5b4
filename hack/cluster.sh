#!/usr/bin/env bash
# cluster.sh up | down: the kind cluster of kind-config.yaml.
#
# The node image is NODE_IMAGE if set, otherwise kind's published image, otherwise, where no
# registry can be reached, an image built from packages (offline/node-image.sh). With
# CLUSTER=current the cluster that kubectl points at is used; it is neither created nor removed.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

NODE=$CLUSTER_NAME-control-plane
READY_SECS=180 # from the start of the node, after its image was pulled
# Exists while the cluster is being created. A cluster whose creation was interrupted has a node,
# but maybe no network and no volumes.
UNFINISHED=$CACHE/cluster-$CLUSTER_NAME.unfinished

main() {
  case ${1:-} in
    up) up ;;
    down) down ;;
    *) fail "usage: hack/cluster.sh up|down" ;;
  esac
}

up() {
  if [ "${CLUSTER:-kind}" = current ]; then
    api_answers || fail "kubectl reaches no cluster: choose one with kubectl config use-context"
    found "cluster of the context $(kubectl config current-context)"
    return
  fi
  if [ -e "$UNFINISHED" ]; then down; fi
  if ! exists; then
    local image=${NODE_IMAGE:-}
    if [ -n "$image" ]; then
      step "kind cluster $CLUSTER_NAME" create --image "$image"
    elif registry_reachable; then
      step "kind cluster $CLUSTER_NAME" create
    else
      image=$("$ROOT/hack/offline/node-image.sh")
      step "kind cluster $CLUSTER_NAME" create --image "$image"
    fi
    step "system pods of the cluster" system_pods
    rm -f "$UNFINISHED"
    return
  fi
  # The node is stopped after a restart of the machine or of Docker.
  [ "$(docker inspect --format '{{.State.Running}}' "$NODE")" = true ] || docker start "$NODE" >/dev/null
  publishes_ports ||
    fail "the cluster $CLUSTER_NAME was created with other ports than kind-config.yaml has: run make down, then make up"
  kind export kubeconfig --quiet --name "$CLUSTER_NAME"
  wait_until 60 api_answers ||
    fail "the cluster $CLUSTER_NAME exists but does not answer: run make down, then make up"
  found "kind cluster $CLUSTER_NAME"
}

# The ports of a node cannot change after its creation.
publishes_ports() {
  local port
  while IFS= read -r port; do
    docker port "$NODE" "$port/tcp" </dev/null >/dev/null 2>&1 || return
  done < <(sed -n 's/.*containerPort: \([0-9]*\).*/\1/p' "$ROOT/kind-config.yaml")
}

exists() { kind get clusters 2>/dev/null | grep -Fx "$CLUSTER_NAME" >/dev/null; }
api_answers() { kube get --raw /readyz --request-timeout=5s >/dev/null 2>&1; }

create() {
  local log=$CACHE/kind.log
  : >"$UNFINISHED"
  if ! kind create cluster --name "$CLUSTER_NAME" --config "$ROOT/kind-config.yaml" \
    --wait "${READY_SECS}s" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    fail "kind could not create the cluster: the reason is above and in $log"
  fi
}

# DNS and volumes, which the shop's pods need from their first second.
system_pods() {
  kube wait --for=condition=Available --timeout=${READY_SECS}s --namespace kube-system \
    deployment/coredns >/dev/null
  kube wait --for=condition=Available --timeout=${READY_SECS}s --namespace local-path-storage \
    deployment/local-path-provisioner >/dev/null
}

down() {
  if [ "${CLUSTER:-kind}" = current ] || ! has kind || ! has docker || ! docker info >/dev/null 2>&1; then
    return
  fi
  if exists; then step "removing the kind cluster $CLUSTER_NAME" delete; fi
}

delete() {
  kind delete cluster --quiet --name "$CLUSTER_NAME"
  rm -f "$UNFINISHED"
}

main "$@"
