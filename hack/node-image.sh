#!/usr/bin/env bash
# Builds the image of a kind node where none can be pulled, and prints its name: what kind's own
# images/base/Dockerfile and `kind build node-image` do, from Debian packages and Go modules.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

SYSTEM=storefront/node-system # one image for all system pods, apart from those with a start of their own
# Of kind's list, what one node without rootless mode, NFS and iSCSI needs; containerd, runc and the
# CNI plugins are Debian's.
PACKAGES=systemd,conntrack,iptables,nftables,iproute2,ethtool,kmod,pigz,e2fsprogs,ca-certificates,jq
PACKAGES=$PACKAGES,procps,containerd,runc,containernetworking-plugins

main() {
  local programs image
  programs=$("$ROOT/hack/kubernetes.sh")
  image=storefront/node:v$KUBERNETES-$( (
    echo "$programs" "$KIND" "$METRICS_SERVER" "$DEBIAN"
    digest_of hack/node/rootfs hack/node/metrics-server.yaml hack/node/assemble.sh hack/node-image.sh
  ) | digest)
  docker image inspect "$image" >/dev/null 2>&1 || step "node image from packages" build "$image" "$programs" >&2
  only "$image"
  echo "$image"
}

build() {
  need jq jq
  need_go "reading kind's node files"
  WORK=$(mktemp -d)
  trap 'docker rm -f storefront-node-load >/dev/null 2>&1; chmod -R u+w "$WORK"; rm -rf "$WORK"' EXIT
  export PROGRAMS=$2 WORK
  KIND_SOURCE=$(module_dir "sigs.k8s.io/kind@v$KIND")
  step "images of the system pods" system_images
  step "manifests" manifests
  step "file system of the node" file_system
  step "system pods' images into the node" preload "$1"
}

# The program's own image of each; none has more than a name in common with the published one.
system_images() {
  debian --variant=extract --include=iptables,busybox-static \
    --extract-hook="$ROOT/hack/node/assemble.sh system \"\$1\"" |
    docker import - $SYSTEM >/dev/null
  entrypoint coredns
  entrypoint pause
  read_storage_images
  IMAGES=("$(pause_image)" "$storageProvisionerImage" "$storageHelperImage" "$(metrics_image)")
  local image
  while IFS= read -r image; do IMAGES+=("$image"); done < <(
    "$PROGRAMS/kubeadm" config images list --kubernetes-version "v$KUBERNETES" | grep -v pause
  )
  for image in "${IMAGES[@]}"; do
    case $image in
      */coredns:*) docker tag $SYSTEM-coredns "$image" ;;
      */pause:*) docker tag $SYSTEM-pause "$image" ;;
      *) docker tag $SYSTEM "$image" ;;
    esac
  done
}

entrypoint() {
  local container
  container=$(docker create $SYSTEM "/usr/local/bin/$1")
  docker commit --change "ENTRYPOINT [\"/usr/local/bin/$1\"]" --change 'CMD []' "$container" "$SYSTEM-$1" >/dev/null
  docker rm "$container" >/dev/null
}

pause_image() {
  sed -n 's/.*sandbox_image = "\(.*\)"/\1/p' "$KIND_SOURCE/images/base/files/etc/containerd/config.toml"
}

metrics_image() { echo "registry.k8s.io/metrics-server/metrics-server:$METRICS_SERVER"; }

# kind keeps the names of these two images, and the manifest that uses them, as Go constants.
read_storage_images() {
  local constants=$KIND_SOURCE/pkg/build/nodeimage/const_storage.go
  storageProvisionerImage=$(sed -n 's/^const storageProvisionerImage = "\(.*\)"/\1/p' "$constants")
  storageHelperImage=$(sed -n 's/^const storageHelperImage = "\(.*\)"/\1/p' "$constants")
}

# What `kind create cluster` applies from the node's /kind/manifests: the storage class, and where
# it would apply its network (here the node brings one along) metrics-server.
manifests() {
  mkdir -p "$WORK/manifests" "$WORK/metrics"
  sed -n '/^const defaultStorageManifest/,/^`$/p' "$KIND_SOURCE/pkg/build/nodeimage/const_storage.go" |
    sed -e '1d' -e '$d' -e "s#\` + storageProvisionerImage + \`#$storageProvisionerImage#" \
      -e "s#\` + storageHelperImage + \`#$storageHelperImage#" >"$WORK/manifests/default-storage.yaml"
  cp -R "$(module_dir "sigs.k8s.io/metrics-server@$METRICS_SERVER")/manifests/base" "$WORK/metrics/"
  chmod -R u+w "$WORK/metrics"
  sed "s/@version@/$METRICS_SERVER/" "$ROOT/hack/node/metrics-server.yaml" >"$WORK/metrics/kustomization.yaml"
  "$PROGRAMS/kubectl" kustomize "$WORK/metrics" >"$WORK/manifests/default-cni.yaml" 2>/dev/null
}

file_system() {
  export KIND_FILES=$KIND_SOURCE/images/base/files KUBERNETES
  debian --variant=minbase --include=$PACKAGES \
    --customize-hook="$ROOT/hack/node/assemble.sh node \"\$1\"" |
    docker import --change 'ENV container=docker' - $SYSTEM-node >/dev/null
}

# A container's worth of containerd takes the images in; what it holds then is the node image. They
# are not unpacked here, which would take rights and space that the node has anyway.
preload() {
  local load=storefront-node-load
  docker rm -f $load >/dev/null 2>&1 || true
  # The signal, which is systemd's for "halt", is meant for the image.
  docker run -d --name $load --security-opt seccomp=unconfined --stop-signal SIGRTMIN+3 \
    --entrypoint containerd $SYSTEM-node >/dev/null
  wait_until 30 docker exec $load ctr version >/dev/null 2>&1 || fail "containerd did not start in the node image"
  docker save "${IMAGES[@]}" | docker exec -i $load ctr -n k8s.io images import --all-platforms --no-unpack - >/dev/null
  docker kill --signal TERM $load >/dev/null
  docker wait $load >/dev/null
  docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' $load "$1" >/dev/null
  docker rm $load >/dev/null
  docker rmi "${IMAGES[@]}" $SYSTEM $SYSTEM-coredns $SYSTEM-pause $SYSTEM-node >/dev/null 2>&1 || true
}

main
