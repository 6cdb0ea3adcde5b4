#!/usr/bin/env bash
# Prints a folder with etcd and kube-apiserver, for the tests against a real API server: the one that
# KUBEBUILDER_ASSETS names, else one that we build (see kubernetes.sh).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

folder=${KUBEBUILDER_ASSETS:-$("$ROOT/hack/kubernetes.sh")}
for program in etcd kube-apiserver; do
  [ -x "$folder/$program" ] ||
    fail "KUBEBUILDER_ASSETS names $folder, which has no $program: correct it or unset it"
done
echo "$folder"
