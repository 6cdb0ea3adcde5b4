#!/usr/bin/env bash
# deploy.sh SHOP OPERATOR [POSTGRES REDIS]: installs the operator by helm and applies
# examples/storefront.yaml with these images, then waits until the shop is Ready.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

REGISTRY=${REGISTRY:-}
READY_SECS=300 # ten times what it takes with the images at hand; PostgreSQL may have to be pulled
LOCAL=http://localhost:8080
INBOX=http://localhost:8025

main() {
  [ $# -ge 2 ] || fail "usage: hack/deploy.sh SHOP_IMAGE OPERATOR_IMAGE [POSTGRES_IMAGE REDIS_IMAGE]"
  step "operator ${2##*:}" install_operator "$@"
  local since
  since=$(now_ms)
  sed "s/^  version: .*/  version: \"${1##*:}\"/" examples/storefront.yaml | kube apply -f - >/dev/null
  step "Storefront demo, version ${1##*:}" wait_ready
  note "from kubectl apply to Ready: $(($(now_ms) - since)) ms"
  say_where
}

install_operator() {
  local values=(--set-string "image.repository=${2%:*}" --set-string "image.tag=${2##*:}")
  values+=(--set-string "shopImage.registry=${REGISTRY%/}" --set-string "shopImage.repository=storefront/shop")
  [ $# -lt 4 ] || values+=(--set-string "defaultImages.postgres=$3" --set-string "defaultImages.redis=$4")
  helm_there upgrade --install storefront-operator charts/storefront-operator \
    --namespace storefront-system --create-namespace --wait --timeout 2m "${values[@]}" >"$CACHE/helm.log" 2>&1 || {
    cat "$CACHE/helm.log" >&2
    kube --namespace storefront-system get pods >&2
    kube --namespace storefront-system logs deployment/storefront-operator --tail 20 >&2 || true
    fail "helm could not install the operator: the reason is above"
  }
}

# Of this generation: kubectl compares the condition's observedGeneration.
wait_ready() {
  kube wait storefront/demo --namespace shop --for=condition=Ready --timeout=${READY_SECS}s >/dev/null && return
  "$ROOT/hack/status.sh" >&2
  fail "the Storefront is not Ready after $READY_SECS s: its conditions and events above say why"
}

# In milliseconds where this bash can tell, else to the second.
now_ms() {
  local now=${EPOCHREALTIME:-$(date +%s).000000}
  now=${now/[.,]/}
  echo "${now%???}"
}

say_where() {
  kube get storefronts --namespace shop
  if [ "${CLUSTER:-kind}" = current ]; then
    note "kubectl port-forward -n shop service/demo-gateway 8080:8080 brings the API to $LOCAL"
    note "kubectl port-forward -n shop service/demo-inbox 8025:8025 brings its mail to $INBOX"
    return
  fi
  # Ready is what the pods say; the answer is what counts.
  wait_until 30 curl --silent --fail --output /dev/null "$LOCAL/health" || fail "the shop is Ready, but $LOCAL/health does not answer"
  note "REST API   $LOCAL/api/v1/products"
  note "its pages  $LOCAL/docs"
  note "its mail   $INBOX"
  note "its first administrator is admin@shop.example.com; the password:"
  note "  kubectl get secret demo-admin-password -n shop -o jsonpath='{.data.password}' | base64 -d"
}

main "$@"
