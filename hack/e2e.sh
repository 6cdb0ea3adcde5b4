#!/usr/bin/env bash
# Runs the journeys of tests/e2e on the cluster of up.sh, JOURNEYS_AT_ONCE (3) of them in parallel,
# and scans the logs of all pods and the metrics of the example for secrets.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# leaks: journeys have saved the logs of their namespaces in E2E_LOGS before they removed them.
leaks() {
  local namespace password
  for namespace in storefront-system shop; do save_logs "$namespace"; done
  while IFS= read -r password; do
    base64 -d <<<"$password"
    echo
  done < <(kube get secrets --namespace shop --output \
    'jsonpath={range .items[*]}{.data.password}{"\n"}{end}') >"$passwords"
  node tests/browser/leaks/scan.js "$E2E_LOGS" "$passwords"
}

# save_logs NAMESPACE: also of finished Jobs and of containers that were restarted, and the metrics
# of the components. A pod may be replaced meanwhile.
save_logs() {
  local pod ports file
  while read -r pod ports; do
    file=$E2E_LOGS/$1.$pod
    kube logs "$pod" --namespace "$1" --all-containers >"$file.log" || gone "$1" "$pod"
    kube logs "$pod" --namespace "$1" --all-containers --previous >"$file.previous.log" 2>/dev/null || true
    case " $ports " in
      *" admin "*) kube get --raw "/api/v1/namespaces/$1/pods/$pod:9090/proxy/metrics" >"$file.metrics" || gone "$1" "$pod" ;;
    esac
  done < <(kube get pods --namespace "$1" --field-selector status.phase!=Pending --output \
    'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.containers[*].ports[*].name}{"\n"}{end}')
}

# gone NAMESPACE POD: does the pod not exist any more?
gone() {
  ! kube get pod "$2" --namespace "$1" >/dev/null 2>&1 || fail "the logs of $1/$2 cannot be read: the reason is above"
}

kube get storefront demo --namespace shop >/dev/null 2>&1 || fail "there is no Storefront to test: run make up first"
hack/tools.sh node chromium
step "packages of the browser tests" node_packages "$ROOT/tests/browser"
E2E_LOGS=$(mktemp -d)
export E2E_LOGS
passwords=$(mktemp)
trap 'rm -rf "$E2E_LOGS" "$passwords" "${kubeconfig:-}"' EXIT
if [ "${CLUSTER:-kind}" != current ]; then
  # The journeys use this cluster even if the current context of kubectl changes.
  kubeconfig=$(mktemp)
  export KUBECONFIG=$kubeconfig
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
step "secrets in logs and metrics" leaks
# It removes the operator and installs it again, so it runs last.
step "uninstall" cargo test --workspace --test uninstall -- --nocapture
