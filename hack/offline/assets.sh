#!/usr/bin/env bash
# Prints a folder that contains etcd and kube-apiserver, for tests against a real API server: the
# one that KUBEBUILDER_ASSETS names, otherwise the programs that kubernetes.sh builds.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

folder=${KUBEBUILDER_ASSETS:-$("$ROOT/hack/offline/kubernetes.sh")}
for program in etcd kube-apiserver; do
  [ -x "$folder/$program" ] ||
    fail "KUBEBUILDER_ASSETS is $folder, which has no $program: correct it or unset it"
done
echo "$folder"
