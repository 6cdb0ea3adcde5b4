#!/usr/bin/env bash
# Tests the shop for a long time: the simulation of the checkout with millions of seeds, processes
# killed at random under load on a real PostgreSQL, and the memory of each process after an hour of
# visitors. docs/checkout.md says what the first two prove.
#
# SOAK_SEEDS is the number of seeds, SOAK_FIRST_SEED the first one; SOAK_SECONDS is the duration of
# the second part, KILL_SEED repeats its schedule; SOAK_VISITORS_SECONDS and SOAK_VISITORS_RATE, per
# second, are those of the third part. A part with 0 is left out.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

SEEDS=${SOAK_SEEDS:-2000000}
KILL_SECS=${SOAK_SECONDS:-600}
VISITORS_SECS=${SOAK_VISITORS_SECONDS:-3600}
VISITORS_RATE=${SOAK_VISITORS_RATE:-100}
export KILL_SEED=${KILL_SEED:-$RANDOM$RANDOM}

main() {
  image_build_flags # the flags of the image build, so that its results are reused
  if [ "$SEEDS" != 0 ]; then
    step "simulation, optimized" test_of order --lib --no-run
    step "simulation of $SEEDS checkouts" simulation
  fi
  if [ "$KILL_SECS" != 0 ]; then
    step "shop, optimized" test_of shop --test killed --no-run
    step "kill test of $KILL_SECS s" kill_test
  fi
  if [ "$VISITORS_SECS" != 0 ]; then
    step "visitors for $VISITORS_SECS s" visitors
  fi
}

test_of() {
  local package=$1
  shift
  cargo test "${BUILD[@]}" --package "$package" "$@"
}

# In batches, to show the progress.
simulation() {
  local first=0 batch=100000 since=$SECONDS
  while [ "$first" -lt "$SEEDS" ]; do
    [ $((first + batch)) -le "$SEEDS" ] || batch=$((SEEDS - first))
    ORDER_SIMULATION_FIRST_SEED=$((${SOAK_FIRST_SEED:-0} + first)) ORDER_SIMULATION_SEEDS=$batch \
      test_of order --lib simulation >"$OUTPUT" 2>&1 || {
      cat "$OUTPUT" >&2
      fail "a seed failed: ORDER_SIMULATION_SEED=<seed> cargo test -p order --lib simulation repeats it"
    }
    first=$((first + batch))
    note "$first seeds, $((first / (SECONDS - since + 1))) a second"
  done
}

kill_test() {
  note "KILL_SEED=$KILL_SEED SOAK_SEEDS=0 SOAK_SECONDS=$KILL_SECS SOAK_VISITORS_SECONDS=0 make soak" \
    "repeats the schedule"
  KILL_SECONDS=$KILL_SECS test_of shop --test killed -- --nocapture
}

visitors() {
  local programs
  programs=$(hack/images.sh binaries shop bench)
  with_servers "$programs/bench" memory --shop "$programs/shop" --seconds "$VISITORS_SECS" --rate "$VISITORS_RATE"
}

OUTPUT=$(mktemp)
trap 'rm -f "$OUTPUT"' EXIT
main
