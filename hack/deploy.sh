#!/usr/bin/env bash
# deploy.sh SHOP OPERATOR [POSTGRES REDIS]: brings the images to the cluster, installs the operator
# with helm, applies examples/storefront.yaml, waits until the Storefront is Ready and prints the
# URLs. deploy.sh status: prints the Storefronts, their pods and recent events. deploy.sh image
# IMAGE: brings an image to the cluster and prints the name by which the cluster knows it.
#
# A kind cluster gets the images loaded. Any other cluster (CLUSTER=current) pulls them from the
# registry that REGISTRY names (registry.example.com/team), to which they are pushed.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

REGISTRY=${REGISTRY:-}
READY_SECS=300 # ten times the usual time with the images present; PostgreSQL may have to be pulled
WEB=http://localhost:3000
API=http://localhost:8080
INBOX=http://localhost:8025

main() {
  case ${1:-} in
    status) print_status ;;
    logs) follow_logs ;;
    image) bring_to_cluster "$2" ;;
    *) deploy "$@" ;;
  esac
}

deploy() {
  [ $# -ge 2 ] || fail "usage: hack/deploy.sh SHOP_IMAGE OPERATOR_IMAGE [POSTGRES_IMAGE REDIS_IMAGE]"
  local images=() image since
  for image in "$@"; do
    image=$(bring_to_cluster "$image")
    images+=("$image")
  done
  step "operator ${2##*:}" install_operator "${images[@]}"
  since=$(now_ms)
  sed "s/^  version: .*/  version: \"${1##*:}\"/" examples/storefront.yaml | kube apply -f - >/dev/null
  step "Storefront demo, version ${1##*:}" wait_ready
  note "from kubectl apply to Ready: $(($(now_ms) - since)) ms"
  print_urls
}

# Prints the name by which the cluster knows the image.
bring_to_cluster() {
  local context=kind-$CLUSTER_NAME
  [ "${CLUSTER:-kind}" != current ] || context=$(kubectl config current-context)
  if [ -n "$REGISTRY" ]; then
    push "$1"
  elif [ "${context#kind-}" != "$context" ]; then
    load "$1" "${context#kind-}"
  else
    fail "the cluster $context needs a registry to pull from: set REGISTRY=host/path and log Docker in to it"
  fi
}

load() {
  local loaded
  loaded=$(docker exec "$2-control-plane" ctr --namespace k8s.io images ls --quiet)
  if grep -Fqx -e "docker.io/$1" -e "$1" <<<"$loaded"; then
    found "$1 in the cluster" >&2
  else
    step "loading $1" kind load docker-image --quiet --name "$2" "$1" >&2
  fi
  echo "$1"
}

push() {
  local remote=${REGISTRY%/}/$1
  docker tag "$1" "$remote"
  step "pushing $remote" docker push --quiet "$remote" >&2
  echo "$remote"
}

install_operator() {
  local values=(--set-string "image.repository=${2%:*}" --set-string "image.tag=${2##*:}")
  values+=(--set-string "shopImage.registry=${REGISTRY%/}" --set-string "shopImage.repository=storefront/shop")
  [ $# -lt 4 ] || values+=(--set-string "defaultImages.postgres=$3" --set-string "defaultImages.redis=$4")
  helm_here upgrade --install storefront-operator charts/storefront-operator \
    --namespace storefront-system --create-namespace --wait --timeout 2m "${values[@]}" >"$CACHE/helm.log" 2>&1 || {
    cat "$CACHE/helm.log" >&2
    kube get nodes >&2
    kube --namespace storefront-system get pods >&2
    kube --namespace storefront-system get events --sort-by .lastTimestamp | tail -n 10 >&2
    kube --namespace storefront-system logs deployment/storefront-operator --tail 20 >&2 || true
    fail "helm could not install the operator: the reason is above"
  }
}

# kubectl compares the condition's observedGeneration, so an earlier Ready does not count.
wait_ready() {
  kube wait storefront/demo --namespace shop --for=condition=Ready --timeout=${READY_SECS}s >/dev/null && return
  print_status >&2
  fail "the Storefront is not Ready after $READY_SECS s: its conditions and events above give the reason"
}

# In milliseconds, or seconds where this bash has no EPOCHREALTIME.
now_ms() {
  local now=${EPOCHREALTIME:-$(date +%s).000000}
  now=${now/[.,]/}
  echo "${now%???}"
}

print_urls() {
  kube get storefronts --namespace shop
  if [ "${CLUSTER:-kind}" = current ]; then
    note "web shop: kubectl port-forward -n shop service/demo-web 3000:3000, then $WEB"
    note "REST API: kubectl port-forward -n shop service/demo-gateway 8080:8080, then $API"
    note "inbox:    kubectl port-forward -n shop service/demo-inbox 8025:8025, then $INBOX"
    return
  fi
  # Ready describes the pods; this also checks the path to them.
  local url
  for url in "$WEB/" "$API/health"; do
    wait_until 30 curl --silent --fail --output /dev/null "$url" ||
      fail "the shop is Ready, but $url does not answer: check that no other process has the port"
  done
  note "web shop       $WEB"
  note "REST API       $API/api/v1/products"
  note "API reference  $API/docs"
  note "inbox          $INBOX"
  note "administrator  admin@shop.example.com, with the password of"
  note "  kubectl get secret demo-admin-password -n shop -o jsonpath='{.data.password}' | base64 -d"
}

print_status() {
  echo "== Storefronts"
  kube get storefronts --all-namespaces --output wide
  echo
  echo "== conditions of demo"
  kube get storefront demo --namespace shop --ignore-not-found --output \
    'jsonpath={range .status.conditions[*]}{.type}={.status}{"\t"}{.reason}{"\t"}{.message}{"\n"}{end}' |
    expand -t 28,52
  echo
  echo "== pods"
  kube get pods --namespace storefront-system
  kube get pods --namespace shop
  echo
  echo "== recent events in shop"
  kube get events --namespace shop --sort-by .lastTimestamp | tail -n 15
}

follow_logs() {
  trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
  follow storefront-system --selector app.kubernetes.io/name=storefront-operator &
  follow shop --selector app.kubernetes.io/part-of=storefront &
  wait
}

follow() {
  kube logs --follow --prefix --tail 20 --max-log-requests 50 --all-containers --namespace "$@" || true
}

main "$@"
