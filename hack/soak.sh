#!/usr/bin/env bash
# Tries to break the checkout for a long time: the simulation with millions of seeds, then processes
# killed at random under load on a real PostgreSQL. docs/checkout.md says what each proves.
#
# SOAK_SEEDS is how many seeds the simulation tries, SOAK_FIRST_SEED where they begin; SOAK_SECONDS is how
# long there is killing, KILL_SEED repeats its schedule. A part with 0 is left out.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export SQLX_OFFLINE=true

SEEDS=${SOAK_SEEDS:-2000000}
SECONDS_OF_KILLING=${SOAK_SECONDS:-600}
export KILL_SEED=${KILL_SEED:-$RANDOM$RANDOM}

main() {
  optimised # as binaries.sh builds, so that what is built already is not built again
  if [ "$SEEDS" != 0 ]; then
    step "simulation, optimised" test_of order --lib --no-run
    step "simulation of $SEEDS checkouts" simulation
  fi
  if [ "$SECONDS_OF_KILLING" != 0 ]; then
    step "shop, optimised" test_of shop --test killed --no-run
    step "killing for $SECONDS_OF_KILLING s" killing
  fi
}

test_of() {
  local package=$1
  shift
  cargo test "${BUILD[@]}" --package "$package" "$@"
}

# In parts, so that one sees it go on.
simulation() {
  local first=0 part=100000 since=$SECONDS
  while [ "$first" -lt "$SEEDS" ]; do
    [ $((first + part)) -le "$SEEDS" ] || part=$((SEEDS - first))
    ORDER_SIMULATION_FIRST_SEED=$((${SOAK_FIRST_SEED:-0} + first)) ORDER_SIMULATION_SEEDS=$part \
      test_of order --lib simulation >"$OUTPUT" 2>&1 || {
      cat "$OUTPUT" >&2
      fail "a seed failed: ORDER_SIMULATION_SEED=<it> cargo test -p order --lib simulation repeats it"
    }
    first=$((first + part))
    note "$first seeds, $((first / (SECONDS - since + 1))) a second"
  done
}

killing() {
  note "KILL_SEED=$KILL_SEED SOAK_SEEDS=0 SOAK_SECONDS=$SECONDS_OF_KILLING make soak repeats the schedule"
  KILL_SECONDS=$SECONDS_OF_KILLING "$ROOT/hack/test-env.sh" --without-kubernetes \
    cargo test "${BUILD[@]}" --package shop --test killed -- --nocapture
}

OUTPUT=$(mktemp)
trap 'rm -f "$OUTPUT"' EXIT
main
