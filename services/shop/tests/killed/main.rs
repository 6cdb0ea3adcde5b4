//! Fault injection with SIGKILL, at random times and under load. Whichever of `order`, `payment`
//! and `catalog` is killed, and whenever, in the end orders paid = charges captured = stock taken =
//! shipments created, and every customer got at most one mail of each kind.
//!
//! The components run in processes of their own, as in a cluster, on a real PostgreSQL and Redis.
//! Simulated shoppers send requests to the gateways while processes are killed and restarted. When
//! the faults have ended and the shop is idle, the rows of all databases and the observations of
//! the shoppers are copied into one database, the snapshot, and compared by SQL. After that, faults
//! are injected into the snapshot, each of which must be detected.
//!
//! `KILL_SECONDS` is the duration of the fault injection. `KILL_SEED` repeats its schedule; a run
//! prints its seed, but what the killed processes were doing depends on the machine.
//! `KILL_SHOPPERS` is the number of concurrent shoppers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a run prints its seed and its statistics")]

mod api;
mod fault_injection;
mod fixture;
mod invariants;
mod observations;
mod processes;
mod shoppers;
mod snapshot;

use std::time::Duration;

use kit::Env;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::{PgConnection, query_scalar};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use api::Api;
use fixture::Fixture;
use observations::Observations;
use shoppers::Shopper;

/// The longest time until all work is finished. Leases end after 15 s and backoffs after another
/// 15 s; a saga has up to eight steps, each with such a backoff, but rarely more than one fails.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// The interval of the checks for unfinished work.
const IDLE_POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The longest time of a readiness probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The statistics that a run prints.
const STATISTICS: [(&str, &str); 12] = [
    ("shoppers", "SELECT count(*) FROM accounts"),
    ("shoppers whose cart is unknown", "SELECT count(*) FROM unknown_carts"),
    ("orders", "SELECT count(*) FROM orders"),
    ("orders bought", "SELECT count(*) FROM order_totals WHERE bought"),
    ("orders refused", "SELECT count(*) FROM orders WHERE failure_code IS NOT NULL"),
    (
        "orders cancelled before the payment",
        "SELECT count(*) FROM order_totals WHERE status = 'cancelled'
        AND failure_code IS NULL AND NOT confirmed",
    ),
    (
        "orders cancelled and refunded",
        "SELECT count(*) FROM order_totals WHERE status = 'cancelled' AND confirmed",
    ),
    (
        "checkouts timed out",
        "SELECT count(*) FROM orders WHERE failure_code = 'checkout_timed_out'",
    ),
    ("order requests", "SELECT count(*) FROM order_requests"),
    ("repeated order requests", "SELECT count(*) - count(DISTINCT key) FROM order_requests"),
    (
        "order requests without a useful response",
        "SELECT count(*) FROM order_requests WHERE status IS NULL OR status >= 500",
    ),
    ("mails", "SELECT count(*) FROM notifications"),
];

fn number_from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Runs the shoppers while faults are injected, and waits until they have finished.
async fn shop_under_faults(
    fixture: &mut Fixture,
    client: &reqwest::Client,
    seed: u64,
) -> Observations {
    let deadline = Instant::now() + Duration::from_secs(number_from_env("KILL_SECONDS", 15));
    let observations = Observations::default();
    let api = Api::new(fixture.gateways.clone());
    let products: Vec<_> = fixture.products.iter().map(|(id, _)| *id).collect();
    let shopper = |index: u64, products: &[_]| Shopper {
        api: api.clone(),
        products: products.to_owned(),
        observations: observations.clone(),
        random: StdRng::seed_from_u64(seed.wrapping_add(index)),
        env: Env::system(),
    };
    let mut shoppers = JoinSet::new();
    for index in 1..=number_from_env("KILL_SHOPPERS", 12) {
        shoppers.spawn(shopper(index, &products).buy(deadline));
    }
    let last = shopper(0, &products[..1]); // the first product has enough stock for all shoppers
    // On this thread: the processes end with the thread that started them.
    fault_injection::inject_faults(&mut fixture.processes, seed, deadline).await;
    for process in &mut fixture.processes {
        process.wait_until_ready(client).await;
    }
    shoppers.join_all().await;
    last.buy_one_of_each().await;
    observations
}

/// Waits until no component has unfinished work, or the timeout. After the timeout the invariants
/// report what is unfinished.
async fn wait_until_idle(fixture: &Fixture) {
    let started = Instant::now();
    for (component, sql) in snapshot::UNFINISHED_WORK {
        let mut database = fixture.database(component).await;
        loop {
            let unfinished: i64 = query_scalar(sql).fetch_one(&mut database).await.unwrap();
            if unfinished == 0 || started.elapsed() > IDLE_TIMEOUT {
                break;
            }
            sleep(IDLE_POLL_INTERVAL).await;
        }
    }
}

async fn print_statistics(snapshot: &mut PgConnection) {
    for (name, sql) in STATISTICS {
        let count: i64 = query_scalar(sql).fetch_one(&mut *snapshot).await.unwrap();
        println!("{count:>8} {name}");
    }
}

async fn run(seed: u64) {
    let client = reqwest::Client::builder().timeout(PROBE_TIMEOUT).build().unwrap();
    let mut fixture = Fixture::start(&client).await;
    let observations = shop_under_faults(&mut fixture, &client, seed).await;
    let finished = Instant::now();
    wait_until_idle(&fixture).await;
    let elapsed = finished.elapsed().as_secs_f64();
    println!("idle {elapsed:.1} s after the last shopper finished");
    let mut snapshot = snapshot::take(&fixture, &observations).await;
    print_statistics(&mut snapshot).await;
    for process in fixture.processes.iter().filter(|process| process.kills > 0) {
        println!("{:>8} kills of {}", process.kills, process.name);
    }
    let violations = invariants::violations(&mut snapshot).await;
    assert!(violations.is_empty(), "seed {seed}: invariants violated\n{}", violations.join("\n"));
    let undetected = invariants::undetected_faults(&mut snapshot).await;
    assert!(undetected.is_empty(), "seed {seed}: faults undetected\n{}", undetected.join("\n"));
    drop(snapshot);
    fixture.clean_up().await;
}

#[test]
fn services_stay_consistent_when_processes_are_killed() {
    let seed = number_from_env("KILL_SEED", 1);
    println!("KILL_SEED={seed} repeats the schedule of this run");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(seed));
}
