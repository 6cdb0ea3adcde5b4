# Storefront: what people do with the work tree. `make` alone lists it.
# Settings come from the environment: CLUSTER=current, REGISTRY=…, PROFILE=release, CLUSTER_NAME=….

.DEFAULT_GOAL := help
.PHONY: help up down test soak e2e bench run build images logs status fmt lint clean

help: ## this list
	@sed -n 's/^\([a-z0-9%-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

up: ## a cluster with a Storefront that is Ready; run again, it does what has changed
	@hack/up.sh

down: ## removes the cluster of make up
	@hack/down.sh

test: ## format, lints, documents, dependencies and all tests that need no cluster
	@hack/test.sh

soak: ## tries to break the checkout for long: millions of simulated ones, and processes killed under load
	@hack/soak.sh

e2e: ## the journeys, on the cluster of make up
	@hack/e2e.sh

bench: ## how fast the shop is as released, into docs/benchmarks.md, in about ten minutes
	@hack/bench.sh

run: ## the whole shop on this machine without Kubernetes, at http://localhost:8080, until Ctrl-C
	@hack/run.sh

dev-%: ## one component alone with stores of its own, as in make dev-user; settings say where the others are
	@ONLY=$* hack/run.sh

build: ## the shop's and the operator's binaries, as they go into the images
	@hack/binaries.sh

images: ## the container images, tagged by their content
	@hack/images.sh

logs: ## the logs of the operator and of the shop's pods, as they come
	@hack/logs.sh

status: ## the Storefronts, their pods, and what happened lately
	@hack/status.sh

fmt: ## formats the code
	@cargo fmt --all

lint: ## the lints alone
	@SQLX_OFFLINE=true cargo clippy --workspace --all-targets -- -D warnings

clean: ## removes what was built here; `make clean WHAT=everything` the cluster and the cache too
	@hack/clean.sh $(WHAT)
