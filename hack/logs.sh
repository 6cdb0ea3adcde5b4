#!/usr/bin/env bash
# The logs of the operator and of all pods of the shop, each line with its pod, until Ctrl-C.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

follow() {
  kube logs --follow --prefix --tail 20 --max-log-requests 50 --all-containers --namespace "$@" || true
}

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
follow storefront-system --selector app.kubernetes.io/name=storefront-operator &
follow shop --selector app.kubernetes.io/part-of=storefront &
wait
