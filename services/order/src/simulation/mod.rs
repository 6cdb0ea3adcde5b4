//! Deterministic simulation of the order saga under faults, driven by a seed.
//!
//! The simulation runs the real executor ([`crate::saga::execute_step`]) on an in-memory store that
//! uses the same pure rules as the real one, and on fake services that keep the guarantees that the
//! design requires of participants. A scheduler polls the executors in random order and crashes
//! them at any await; requests are lost, delayed, reordered and duplicated; replies are lost;
//! clocks are skewed and jump. Then the faults stop, everything settles, and the invariants must
//! hold.
//!
//! `ORDER_SIMULATION_SEEDS=1000000` runs more seeds, starting at `ORDER_SIMULATION_FIRST_SEED`;
//! `ORDER_SIMULATION_SEED=42` replays one of them.

mod fake_catalog;
mod fake_payment;
mod fake_services;
mod fake_store;
mod invariants;
mod simulator;
mod user_actions;
mod yield_point;

use std::ops::Range;
use std::thread;

use simulator::Simulation;

/// Number of seeds in every test run.
const SEEDS: u64 = 10_000;

/// Threads that share the seeds.
const THREADS: u64 = 4;

#[test]
fn invariants_hold_for_every_seed() {
    if let Some(seed) = env_number("ORDER_SIMULATION_SEED") {
        Simulation::run(seed).unwrap();
        return;
    }
    let seeds = env_number("ORDER_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = env_number("ORDER_SIMULATION_FIRST_SEED").unwrap_or(0);
    let seeds_per_thread = seeds.div_ceil(THREADS);
    let coverage = thread::scope(|scope| {
        let runs: Vec<_> = (0..THREADS)
            .map(|n| n * seeds_per_thread..((n + 1) * seeds_per_thread).min(seeds))
            .map(|range| scope.spawn(move || run_seeds(first + range.start..first + range.end)))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).fold(Coverage::default(), Coverage::merge)
    });
    // A simulation that never reaches a state proves nothing about it.
    let enough = usize::try_from(seeds / 50).unwrap();
    let Coverage { confirmed, failed, cancelled_after_payment, refunded, leases_lost, crashes } =
        coverage;
    for (state, count) in [
        ("confirmed", confirmed),
        ("failed", failed),
        ("cancelled after payment", cancelled_after_payment),
        ("refunded", refunded),
        ("leases lost", leases_lost),
        ("executor crashes", crashes),
    ] {
        assert!(count >= enough, "only {count} × {state} in {seeds} seeds");
    }
}

/// How often the runs reached each kind of state.
#[derive(Clone, Copy, Debug, Default)]
struct Coverage {
    confirmed: usize,
    failed: usize,
    cancelled_after_payment: usize,
    refunded: usize,
    leases_lost: usize,
    crashes: usize,
}

impl Coverage {
    fn merge(self, other: Self) -> Self {
        Self {
            confirmed: self.confirmed + other.confirmed,
            failed: self.failed + other.failed,
            cancelled_after_payment: self.cancelled_after_payment + other.cancelled_after_payment,
            refunded: self.refunded + other.refunded,
            leases_lost: self.leases_lost + other.leases_lost,
            crashes: self.crashes + other.crashes,
        }
    }
}

fn run_seeds(seeds: Range<u64>) -> Coverage {
    let mut coverage = Coverage::default();
    for seed in seeds {
        match Simulation::run(seed) {
            Ok(run) => coverage = coverage.merge(run),
            Err(violation) => {
                panic!("seed {seed}: {violation}\nreplay: ORDER_SIMULATION_SEED={seed}")
            }
        }
    }
    coverage
}

fn env_number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}
