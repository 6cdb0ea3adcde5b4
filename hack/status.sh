#!/usr/bin/env bash
# How the Storefronts are, what their pods do, and what happened lately.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

echo "== Storefronts"
kube get storefronts --all-namespaces --output wide
echo
echo "== conditions of demo"
kube get storefront demo --namespace shop --ignore-not-found --output \
  'jsonpath={range .status.conditions[*]}{.type}={.status}{"\t"}{.reason}{"\t"}{.message}{"\n"}{end}' | expand -t 28,52
echo
echo "== pods"
kube get pods --namespace storefront-system
kube get pods --namespace shop
echo
echo "== latest events in shop"
kube get events --namespace shop --sort-by .lastTimestamp | tail -n 15
