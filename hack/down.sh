#!/usr/bin/env bash
# Removes what up.sh made: the kind cluster, and the Docker engine if it was started for it. Of a
# cluster that is not ours (CLUSTER=current) only the Storefront and the operator go.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

undeploy() {
  kube delete storefront demo --namespace shop --ignore-not-found --wait
  helm_there uninstall storefront-operator --namespace storefront-system --ignore-not-found --wait
}

if [ "${CLUSTER:-kind}" = current ]; then
  step "removing the Storefront and the operator" undeploy
else
  "$ROOT/hack/cluster.sh" down
  "$ROOT/hack/dockerd.sh" down
fi
