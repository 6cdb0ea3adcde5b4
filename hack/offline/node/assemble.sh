#!/usr/bin/env bash
# assemble.sh system|node ROOT: hook of mmdebstrap that completes a file system. ../node-image.sh
# sets the folders of the programs (PROGRAMS), of kind's files (KIND_FILES) and of the manifests
# (WORK).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# For the system pods. The packages are only unpacked, so this creates the links of their install
# scripts.
system() {
  local root=$1 command suffix
  for command in iptables ip6tables; do
    for suffix in "" -save -restore; do
      ln -s xtables-nft-multi "$root/usr/sbin/$command$suffix"
    done
  done
  for command in sh mkdir rm; do ln -s busybox "$root/bin/$command"; done
  mkdir -p "$root/usr/local/bin"
  cp -a "$PROGRAMS/." "$root/usr/local/bin/"
}

# For the node: the steps of kind's images/base/Dockerfile after the installation of packages.
node() {
  local root=$1
  cp -R "$KIND_FILES/." "$root/"
  chmod -R u+w "$root"/{etc,kind,usr/local,LICENSES}
  chmod 755 "$root"/usr/local/bin/* "$root"/kind/bin/*
  cp -R "$here/rootfs/." "$root/"
  cp -R "$WORK/manifests" "$root/kind/manifests"
  printf 'v%s' "$KUBERNETES" >"$root/kind/version"
  install -m 755 "$PROGRAMS/kube" "$root/usr/bin/kube"
  for program in kubelet kubeadm kubectl; do ln -s kube "$root/usr/bin/$program"; done
  ln -s /usr/bin/containerd /usr/bin/ctr "$root/usr/local/bin/"
  mkdir -p "$root/opt/cni" "$root/etc/cni/net.d" "$root/etc/kubernetes/manifests"
  ln -s /usr/lib/cni "$root/opt/cni/bin"
  containerd_settings "$root"
  systemd_settings "$root"
}

containerd_settings() {
  local root=$1
  chroot "$root" ctr oci spec |
    jq '.hooks.createContainer = [{path: "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' \
      >"$root/etc/containerd/cri-base.json"
  # Without CAP_SYS_RESOURCE no process may lower its oom_score_adj; kind does the same when
  # rootless.
  sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$root/etc/containerd/config.toml"
  # No DNS server answers here, and 1 s is enough to find out.
  sed -i "s/timeout 5 getent ahostsv4 'host/timeout 1 getent ahostsv4 'host/" "$root/usr/local/bin/entrypoint"
}

systemd_settings() {
  local root=$1 units=$1/lib/systemd/system
  rm -f "$units"/sysinit.target.wants/systemd-tmpfiles-setup.service "$units"/multi-user.target.wants/* \
    "$units"/local-fs.target.wants/* "$units"/sockets.target.wants/*udev* \
    "$units"/sockets.target.wants/*initctl* "$units"/basic.target.wants/* "$root"/etc/systemd/system/*.wants/*
  echo ReadKMsg=no >>"$root/etc/systemd/journald.conf"
  ln -sf /lib/systemd/systemd "$root/sbin/init"
  chroot "$root" systemctl --quiet enable kubelet containerd undo-mount-hacks pod-network
  chroot "$root" systemctl --quiet mask systemd-binfmt
}

"$@"
