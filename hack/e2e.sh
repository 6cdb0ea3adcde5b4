#!/usr/bin/env bash
# The journeys of tests/e2e on the cluster of up.sh.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

kube get storefront demo --namespace shop >/dev/null 2>&1 || fail "there is no Storefront to try: run make up first"
if [ "${CLUSTER:-kind}" != current ]; then
  # Whatever the user's kubectl is pointed at, now or while the journeys run.
  KUBECONFIG=$(mktemp)
  export KUBECONFIG
  trap 'rm -f "$KUBECONFIG"' EXIT
  kind get kubeconfig --name "$CLUSTER_NAME" >"$KUBECONFIG"
fi
# One after another, with their figures in sight; the one that takes the operator away comes last.
export SQLX_OFFLINE=true
cargo test --package e2e --test journeys -- --test-threads=1 --nocapture
cargo test --package e2e --test uninstall -- --nocapture
