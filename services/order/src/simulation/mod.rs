//! The checkout under every fault that can be thought of, by seed.
//!
//! The drivers are the real ones ([`crate::driver::carry_on`]), over a store in memory that uses the same
//! pure rules as the real one, and over participants that keep what the design promises of them. A
//! scheduler polls the drivers in any order, drops them at any await, and lets requests be lost, late,
//! out of order and twice, replies be lost, and clocks disagree and jump. Then everything comes to rest,
//! and the books of all of them must agree.
//!
//! `ORDER_SIMULATION_SEEDS=1000000` tries more seeds, from `ORDER_SIMULATION_FIRST_SEED` on;
//! `ORDER_SIMULATION_SEED=42` tries one of them again.

mod books;
mod catalog;
mod judge;
mod network;
mod payment;
mod people;
mod rest;
mod world;

use std::{ops::Range, thread};

use world::World;

/// Seeds that every test run tries.
const SEEDS: u64 = 10_000;

/// Threads that share them.
const THREADS: u64 = 4;

#[test]
fn whatever_dies_and_whatever_is_repeated_the_books_agree() {
    if let Some(seed) = setting("ORDER_SIMULATION_SEED") {
        World::run(seed).unwrap();
        return;
    }
    let seeds = setting("ORDER_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = setting("ORDER_SIMULATION_FIRST_SEED").unwrap_or(0);
    let share = seeds.div_ceil(THREADS);
    let seen = thread::scope(|scope| {
        let runs: Vec<_> = (0..THREADS)
            .map(|n| n * share..((n + 1) * share).min(seeds))
            .map(|part| scope.spawn(move || all(first + part.start..first + part.end)))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).fold(Seen::default(), Seen::plus)
    });
    // A simulation that never gets anywhere proves nothing.
    let enough = usize::try_from(seeds / 50).unwrap();
    let Seen { confirmed, refused, called_off, refunded, lost, died } = seen;
    for (what, count) in [
        ("confirmed", confirmed),
        ("refused", refused),
        ("called off", called_off),
        ("refunded", refunded),
        ("leases lost", lost),
        ("drivers died", died),
    ] {
        assert!(count >= enough, "only {count} × {what} in {seeds} seeds");
    }
}

/// What the runs went through.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    confirmed: usize,
    refused: usize,
    called_off: usize,
    refunded: usize,
    lost: usize,
    died: usize,
}

impl Seen {
    fn plus(self, other: Self) -> Self {
        Self {
            confirmed: self.confirmed + other.confirmed,
            refused: self.refused + other.refused,
            called_off: self.called_off + other.called_off,
            refunded: self.refunded + other.refunded,
            lost: self.lost + other.lost,
            died: self.died + other.died,
        }
    }
}

fn all(seeds: Range<u64>) -> Seen {
    let mut seen = Seen::default();
    for seed in seeds {
        match World::run(seed) {
            Ok(run) => seen = seen.plus(run),
            Err(wrong) => panic!("seed {seed}: {wrong}\nagain: ORDER_SIMULATION_SEED={seed}"),
        }
    }
    seen
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}
