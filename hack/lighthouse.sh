#!/usr/bin/env bash
# lighthouse.sh: measures the pages of a running web shop with Lighthouse in an installed Chromium.
# tests/lighthouse/measure.js describes the figures, the limits and the settings. By default, the
# shop is that of `make run`: after `make up` it is the optimized program.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

"$ROOT/hack/tools.sh" node
CHROME_PATH=$("$ROOT/hack/tools.sh" chromium-path)
export CHROME_PATH
step "packages of Lighthouse" node_packages "$ROOT/tests/lighthouse"
node "$ROOT/tests/lighthouse/measure.js"
