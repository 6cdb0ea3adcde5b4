# Storefront: the commands of developers. `make` lists them.
# Settings are environment variables: CLUSTER=current, REGISTRY=…, PROFILE=release, CLUSTER_NAME=….

# The private server of tests is not durable; a measured shop must be.
DURABLE = fsync=on synchronous_commit=on full_page_writes=on shared_preload_libraries=pg_stat_statements

.DEFAULT_GOAL := help
.PHONY: help up down check test web-test lighthouse soak e2e bench run build images logs status fmt lint clean

help: ## list the commands
	@sed -n 's/^\([a-z0-9%-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

up: ## create a cluster with a Storefront that is Ready; repeated, apply what changed
	@hack/up.sh

down: ## remove the cluster of make up
	@hack/up.sh down

run: ## run the whole shop on this machine without Kubernetes, at http://localhost:3000
	@hack/images.sh run

dev-%: ## run one component with its own data stores, as in make dev-user
	@ONLY=$* $(MAKE) --no-print-directory run

check: ## format, lints and unit tests that need no server, for every change
	@hack/test.sh check

test: ## all checks and tests that need no cluster
	@hack/test.sh

web-test: ## test the web shop in a browser; make web-test ARGS='-g "two tabs"'
	@hack/web-test.sh $(ARGS)

lighthouse: ## measure the pages of a running web shop with Lighthouse
	@hack/lighthouse.sh

test-%: ## all tests of one crate, as in make test-cart
	@hack/tools.sh servers pgbouncer
	@cargo test --package $*

e2e: ## the journeys, on the cluster of make up
	@hack/e2e.sh

soak: ## long tests: millions of simulated checkouts, processes killed under load, memory after an hour
	@hack/soak.sh

bench: ## measure the release build and write docs/benchmarks.md, in about half an hour
	@programs=$$(PROFILE=$${PROFILE:-release} hack/images.sh binaries shop bench) && \
	export BENCH_DOCUMENT="$${BENCH_DOCUMENT-docs/benchmarks.md}" POSTGRES_SETTINGS="$(DURABLE)" && \
	{ [ -n "$$BENCH_DOCUMENT" ] || unset BENCH_DOCUMENT; } && \
	cargo run --quiet --bin with-servers -- "$$programs/bench" report --shop "$$programs/shop"

build: ## build the programs as they are part of the images
	@hack/images.sh binaries

images: ## build the container images, tagged by their content
	@hack/images.sh

logs: ## follow the logs of the operator and of the shop
	@hack/deploy.sh logs

status: ## print the Storefronts, their pods and recent events
	@hack/deploy.sh status

fmt: ## format the code
	@cargo fmt --all

lint: ## format, words, import cycles, scripts, clippy, unused dependencies
	@hack/test.sh lint

clean: ## remove build results; make clean WHAT=everything also the cluster and the cache
	@hack/up.sh clean $(WHAT)
