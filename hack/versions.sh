# Versions of the cluster and its tools; sourced by lib.sh. offline/node/go.mod pins the rest.
# shellcheck shell=bash disable=SC2034

# A tool on PATH is used if it has at least the version *_MIN; otherwise the version given is built.
KIND=0.33.0 KIND_MIN=0.30.0
HELM=4.3.0 HELM_MIN=3.14.0
GRPCURL=1.9.3 GRPCURL_MIN=1.8.0
CARGO_DENY=0.19.0 CARGO_DENY_MIN=0.18.0
CARGO_MACHETE=0.9.2 CARGO_MACHETE_MIN=0.8.0
CARGO_NEXTEST=0.9.151 CARGO_NEXTEST_MIN=0.9.100
SCHEMATHESIS=4.32.5 OPENAPI_PYTHON_CLIENT=0.29.1 MYPY=2.4.1 # Python packages
NODE_MIN=20.19.0   # for the browser tests
KUBECTL_MIN=1.33.0 # the oldest supported Kubernetes
GO_MIN=1.26.4      # as in offline/node/go.mod

# The node image that is built from packages; the same versions as in offline/node/go.mod.
KUBERNETES=1.36.3
METRICS_SERVER=v0.9.0
LOCAL_PATH_PROVISIONER=v0.0.30
DEBIAN=bookworm
