#!/usr/bin/env bash
# Builds the programs of a Kubernetes node from Go modules and prints their folder: etcd,
# kube-apiserver and the other Kubernetes programs, CoreDNS, local-path-provisioner, pause. The
# first build takes about eight minutes on two cores, 20 s with a warm Go cache.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

NODE=hack/offline/node
PROGRAMS="etcd kubeadm kubectl kubelet kube-apiserver kube-controller-manager kube-proxy kube-scheduler
  metrics-server"

main() {
  local made
  made=$CACHE/kubernetes/$KUBERNETES-$(digest_of $NODE/go.mod $NODE/kube $NODE/coredns \
    $NODE/pause.c hack/offline/kubernetes.sh)
  [ -d "$made" ] || locked kubernetes make_once "$made" >&2
  echo "$made"
}

make_once() {
  [ ! -d "$1" ] || return 0
  need_go "building Kubernetes"
  has cc || fail "building Kubernetes needs a C compiler: install one (Debian package: gcc) and try again"
  step "Kubernetes $KUBERNETES from Go modules" build "$1"
}

build() {
  local work=$1.work
  rm -rf "$work"
  mkdir -p "$work/bin"
  cp -R "$ROOT/$NODE/." "$work/src"
  add_local_path_provisioner "$work/src/local-path-provisioner"
  # Without cgo the programs are static and run on any node system.
  (cd "$work/src" && CGO_ENABLED=0 nice go build -trimpath -ldflags "$(version_flags)" -o ../bin ./...)
  cc -Os -static -s -o "$work/bin/pause" "$work/src/pause.c"
  for program in $PROGRAMS; do ln -s kube "$work/bin/$program"; done
  mv "$work/bin" "$1"
  chmod -R u+w "$work"
  rm -rf "$work"
}

# It is a program, not a library, and its module uses the former name of one dependency. Its few
# files are therefore built as a package of our module.
add_local_path_provisioner() {
  mkdir -p "$1"
  install -m 644 "$(module_dir "github.com/rancher/local-path-provisioner@$LOCAL_PATH_PROVISIONER")"/*.go "$1"
  sed -i.orig 's#github.com/Sirupsen/#github.com/sirupsen/#' "$1"/*.go
  rm "$1"/*.orig
}

# The output of `kubectl version`; kubeadm refuses programs without a version.
version_flags() {
  local flags="-s -w" package
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=v$KUBERNETES -X $package.gitTreeState=clean"
    flags="$flags -X $package.gitMajor=$(cut -d. -f1 <<<"$KUBERNETES")"
    flags="$flags -X $package.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES") -X $package.gitCommit=module"
  done
  echo "$flags"
}

main
