#!/usr/bin/env bash
# tools.sh [TOOL…]: sees to it that kind, kubectl, helm and grpcurl (or those named) are there and new
# enough. What is missing is built from source with Go or Cargo, once, into the cache.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

main() {
  local tool
  [ $# -gt 0 ] || set -- kind kubectl helm grpcurl
  for tool in "$@"; do
    case $tool in
      kind) from_go kind "$KIND_MIN" "sigs.k8s.io/kind@v$KIND" ;;
      helm) from_go helm "$HELM_MIN" "helm.sh/helm/v4/cmd/helm@v$HELM" ;;
      grpcurl) from_go grpcurl "$GRPCURL_MIN" "github.com/fullstorydev/grpcurl/cmd/grpcurl@v$GRPCURL" ;;
      kubectl) kubectl_from_node ;;
      schemathesis-path) schemathesis ;;
      cargo-deny) from_cargo cargo-deny "$CARGO_DENY_MIN" "$CARGO_DENY" ;;
      *) fail "hack/tools.sh knows no tool named $tool" ;;
    esac
  done
}

# good_enough TOOL MIN: is there one that answers, and is it new enough?
good_enough() {
  local version
  has "$1" || return 1
  version=$(tool_version "$1" | sed -n 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | head -n 1)
  # One that was built from a checkout calls itself "dev" or says nothing: its owner knows best.
  [ -z "$version" ] || version_at_least "$version" "$2" || return 1
  found "$1 ${version:-of unknown version}"
}

tool_version() {
  case $1 in
    helm) helm version --template '{{.Version}}' ;;
    # Some distributions wrap kubectl in a program that looks for one to fit the server; what it finds
    # is not told here. Such a wrapper's own version decides.
    kubectl) kubectl version --client | grep -m 1 Client ;;
    grpcurl) grpcurl --version ;;
    *) "$1" --version ;;
  esac 2>&1
}

from_go() {
  if good_enough "$1" "$2"; then return; fi
  need_go "building $1 (or install $1 $2 or later yourself, which saves the time)"
  step "$1 from source" go_install "$3"
}

go_install() { GOBIN=$CACHE/bin CGO_ENABLED=0 nice go install -ldflags '-s -w' "$1"; }

from_cargo() {
  if good_enough "$1" "$2"; then return; fi
  step "$1 from source" cargo_install "$1" "$3"
}

# Quick to build matters more than quick to run.
cargo_install() {
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=false CARGO_TARGET_DIR=$CACHE/target-tools \
    nice cargo install --locked --quiet --root "$CACHE" --version "$2" "$1"
}

# Prints where Schemathesis is: in a Python environment of its own, apart from the machine's.
schemathesis() {
  local folder=$CACHE/schemathesis-$SCHEMATHESIS
  if [ ! -x "$folder/bin/schemathesis" ]; then
    has python3 || fail "Python 3 is missing: install it (Debian packages: python3 python3-venv) and try again"
    step "schemathesis $SCHEMATHESIS" python_install "$folder" "schemathesis==$SCHEMATHESIS" >&2
  fi
  echo "$folder/bin/schemathesis"
}

python_install() {
  rm -rf "$1"
  python3 -m venv "$1" && "$1/bin/pip" install --quiet "$2" || {
    rm -rf "$1"
    fail "pip could not install $2: its reason is above (on Debian, python3-venv has to be installed)"
  }
}

# kubectl is one of the programs of a Kubernetes node, and comes with them.
kubectl_from_node() {
  local folder
  if good_enough kubectl "$KUBECTL_MIN"; then return; fi
  folder=$("$ROOT/hack/kubernetes.sh")
  mkdir -p "$CACHE/bin"
  ln -sf "$folder/kubectl" "$CACHE/bin/kubectl"
  good_enough kubectl "$KUBECTL_MIN" || fail "the kubectl that was built does not run: see $folder"
}

main "$@"
