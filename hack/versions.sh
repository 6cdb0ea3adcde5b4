# What the cluster and its tools are made of; sourced. hack/node/go.mod pins the rest.
# shellcheck shell=bash disable=SC2034

# Tools that are used if they are on PATH and not older than the second number, else built.
KIND=0.33.0 KIND_MIN=0.30.0
HELM=4.3.0 HELM_MIN=3.14.0
GRPCURL=1.9.3 GRPCURL_MIN=1.8.0
CARGO_DENY=0.19.0 CARGO_DENY_MIN=0.18.0
SCHEMATHESIS=4.32.5 # a Python package
KUBECTL_MIN=1.33.0 # the oldest Kubernetes that Storefront runs on
GO_MIN=1.26.4      # as in hack/node/go.mod

# The node that is made from packages where none can be pulled; all as in hack/node/go.mod.
KUBERNETES=1.36.3
METRICS_SERVER=v0.9.0
LOCAL_PATH_PROVISIONER=v0.0.30
DEBIAN=bookworm
