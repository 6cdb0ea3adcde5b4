#!/bin/sh
# Waits for the API server's rule. No limit: kubeadm has one.
until iptables-nft -t nat -S KUBE-SERVICES 2>/dev/null | grep -q default/kubernetes; do
  sleep 0.2
done
cp /kind/10-kind.conflist /etc/cni/net.d/
