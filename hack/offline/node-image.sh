#!/usr/bin/env bash
# Builds the image of a kind node from Debian packages and Go modules, as kind's
# images/base/Dockerfile and `kind build node-image` do, and prints its name.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$ROOT/hack/offline/debian.sh"

NODE=hack/offline/node

SYSTEM=storefront/node-system # one image for all system pods except those with their own entrypoint
# The part of kind's list that one node without rootless mode, NFS and iSCSI needs. containerd, runc
# and the CNI plugins come from Debian.
PACKAGES=systemd,conntrack,iptables,nftables,iproute2,ethtool,kmod,pigz,e2fsprogs,ca-certificates,jq
PACKAGES=$PACKAGES,procps,containerd,runc,containernetworking-plugins

main() {
  local programs image
  programs=$("$ROOT/hack/offline/kubernetes.sh")
  image=storefront/node:v$KUBERNETES-$( (
    echo "$programs" "$KIND" "$METRICS_SERVER" "$DEBIAN"
    digest_of $NODE/rootfs $NODE/metrics-server.yaml $NODE/assemble.sh hack/offline/node-image.sh
  ) | digest)
  docker image inspect "$image" >/dev/null 2>&1 || step "node image from packages" build "$image" "$programs" >&2
  remove_other_tags "$image"
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

# Images under the names of the published ones, but with our programs.
system_images() {
  debian_tar --variant=extract --include=iptables,busybox-static \
    --extract-hook="$ROOT/$NODE/assemble.sh system \"\$1\"" |
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

# The manifests that `kind create cluster` applies from the node's /kind/manifests: the storage
# class and, in the place of kind's network (this node has its own), metrics-server.
manifests() {
  mkdir -p "$WORK/manifests" "$WORK/metrics"
  sed -n '/^const defaultStorageManifest/,/^`$/p' "$KIND_SOURCE/pkg/build/nodeimage/const_storage.go" |
    sed -e '1d' -e '$d' -e "s#\` + storageProvisionerImage + \`#$storageProvisionerImage#" \
      -e "s#\` + storageHelperImage + \`#$storageHelperImage#" >"$WORK/manifests/default-storage.yaml"
  cp -R "$(module_dir "sigs.k8s.io/metrics-server@$METRICS_SERVER")/manifests/base" "$WORK/metrics/"
  chmod -R u+w "$WORK/metrics"
  sed "s/@version@/$METRICS_SERVER/" "$ROOT/$NODE/metrics-server.yaml" >"$WORK/metrics/kustomization.yaml"
  "$PROGRAMS/kubectl" kustomize "$WORK/metrics" >"$WORK/manifests/default-cni.yaml" 2>/dev/null
}

file_system() {
  export KIND_FILES=$KIND_SOURCE/images/base/files KUBERNETES
  debian_tar --variant=minbase --include=$PACKAGES \
    --customize-hook="$ROOT/$NODE/assemble.sh node \"\$1\"" |
    docker import --change 'ENV container=docker' - $SYSTEM-node >/dev/null
}

# A container that runs containerd imports the images and is committed as the node image. The images
# stay packed: unpacking needs privileges and space, and the node unpacks them anyway.
preload() {
  local load=storefront-node-load
  docker rm -f $load >/dev/null 2>&1 || true
  # The stop signal (systemd's "halt") becomes part of the image.
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
