#!/usr/bin/env bash
# Runs the journeys of tests/e2e on the cluster of up.sh, JOURNEYS_AT_ONCE (3) of them in parallel.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

kube get storefront demo --namespace shop >/dev/null 2>&1 || fail "there is no Storefront to test: run make up first"
if [ "${CLUSTER:-kind}" != current ]; then
  # The journeys use this cluster even if the current context of kubectl changes.
  KUBECONFIG=$(mktemp)
  export KUBECONFIG
  trap 'rm -f "$KUBECONFIG"' EXIT
  kind get kubeconfig --name "$CLUSTER_NAME" >"$KUBECONFIG"
  proxy=$(hack/offline/proxy-image.sh)
  if [ -n "$proxy" ]; then
    E2E_PROXY_IMAGE=$(hack/deploy.sh image "$proxy")
    export E2E_PROXY_IMAGE
  fi
fi
# Left by journeys that failed.
step "leftover namespaces" kube delete namespace --selector storefront.dev/e2e --wait
# --workspace, so that dependencies have the features that make test built them with.
step "journeys" cargo test --workspace --test journeys -- --test-threads="${JOURNEYS_AT_ONCE:-3}" --nocapture
# It removes the operator and installs it again, so it runs last.
step "uninstall" cargo test --workspace --test uninstall -- --nocapture
