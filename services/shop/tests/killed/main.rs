//! SIGKILL, at random and under load: whatever of `order`, `payment` and `catalog` dies, whenever, in the
//! end orders paid = charges captured = stock gone = shipments made, and every customer got at most one
//! mail of each kind.
//!
//! The shop runs as in a cluster, in processes of its own, on a real PostgreSQL and Redis; shoppers come
//! by its gateways. Processes are killed and started again while they buy. When the killing is over and
//! all is quiet, the rows of all databases and what shoppers were told are put side by side and compared
//! by SQL; after that, faults are planted in them, each of which has to be seen.
//!
//! `KILL_SECONDS` is how long there is killing, `KILL_SEED` repeats its schedule (a run tells its seed;
//! where the blows fall is up to the machine), `KILL_SHOPPERS` how many buy at a time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a run tells its seed and what it counted")]

mod api;
mod books;
mod invariants;
mod killer;
mod processes;
mod shoppers;
mod stage;
mod told;

use std::time::Duration;

use kit::Env;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::{PgConnection, query_scalar};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use api::Api;
use shoppers::Shopper;
use stage::Stage;
use told::Told;

/// The longest time until nothing is at work any more: leases end after 15 s, pauses after another 15 s,
/// and a flow has up to eight steps with such a pause each, though hardly ever twice.
const QUIET: Duration = Duration::from_secs(120);

/// The longest time for a process to say that it is ready.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// What a run tells of itself.
const COUNTS: [(&str, &str); 12] = [
    ("shoppers", "SELECT count(*) FROM accounts"),
    ("with an unknown cart", "SELECT count(*) FROM unsure"),
    ("orders", "SELECT count(*) FROM orders"),
    ("bought", "SELECT count(*) FROM sums WHERE bought"),
    ("refused", "SELECT count(*) FROM orders WHERE failure_code IS NOT NULL"),
    (
        "called off before they were paid",
        "SELECT count(*) FROM sums WHERE status = 'cancelled'
        AND failure_code IS NULL AND NOT confirmed",
    ),
    (
        "called off and given back",
        "SELECT count(*) FROM sums WHERE status = 'cancelled' AND confirmed",
    ),
    ("given up in time", "SELECT count(*) FROM orders WHERE failure_code = 'checkout_timed_out'"),
    ("requests to order", "SELECT count(*) FROM asked"),
    ("repeats", "SELECT count(*) - count(DISTINCT key) FROM asked"),
    ("without a useful answer", "SELECT count(*) FROM asked WHERE status IS NULL OR status >= 500"),
    ("mails", "SELECT count(*) FROM notifications"),
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Everybody buys while there is killing, and finishes what was begun.
async fn shop_under_fire(stage: &mut Stage, client: &reqwest::Client, seed: u64) -> Told {
    let until = Instant::now() + Duration::from_secs(number("KILL_SECONDS", 15));
    let told = Told::default();
    let api = Api::of(stage.gateways.clone());
    let wares: Vec<_> = stage.wares.iter().map(|(id, _)| *id).collect();
    let shopper = |n: u64, wares: &[_]| Shopper {
        api: api.clone(),
        wares: wares.to_owned(),
        told: told.clone(),
        random: StdRng::seed_from_u64(seed.wrapping_add(n)),
        env: Env::system(),
    };
    let mut shoppers = JoinSet::new();
    for n in 1..=number("KILL_SHOPPERS", 12) {
        shoppers.spawn(shopper(n, &wares).buy(until));
    }
    let last = shopper(0, &wares[..1]); // of the first there is enough for everybody
    // On this thread, with which started processes end.
    killer::kill(&mut stage.processes, seed, until).await;
    for process in &mut stage.processes {
        process.ready(client).await;
    }
    shoppers.join_all().await;
    last.buy_one_of_each().await;
    told
}

/// Waits until nothing is at work anywhere.
async fn quiet(stage: &Stage) {
    let began = Instant::now();
    for (owner, sql) in books::AT_WORK {
        let mut database = stage.database(owner).await;
        loop {
            let at_work: i64 = query_scalar(sql).fetch_one(&mut database).await.unwrap();
            if at_work == 0 {
                break;
            }
            if began.elapsed() > QUIET {
                break; // the invariants tell what it is
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn count(books: &mut PgConnection) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    for (what, sql) in COUNTS {
        counts.push((what, query_scalar(sql).fetch_one(&mut *books).await.unwrap()));
    }
    counts
}

async fn run(seed: u64) {
    let client = reqwest::Client::builder().timeout(PROBE_TIMEOUT).build().unwrap();
    let mut stage = Stage::set(&client).await;
    let told = shop_under_fire(&mut stage, &client, seed).await;
    let over = Instant::now();
    quiet(&stage).await;
    println!("quiet {:.1} s after the last shopper left", over.elapsed().as_secs_f64());
    let mut books = books::collect(&stage, &told).await;
    for (what, count) in count(&mut books).await {
        println!("{count:>8} {what}");
    }
    for process in stage.processes.iter().filter(|process| process.kills > 0) {
        println!("{:>8} kills of {}", process.kills, process.name);
    }
    let findings = invariants::findings(&mut books).await;
    assert!(findings.is_empty(), "seed {seed}: the books do not agree\n{}", findings.join("\n"));
    let blind = invariants::blind_spots(&mut books).await;
    assert!(blind.is_empty(), "seed {seed}: faults would not be seen\n{}", blind.join("\n"));
    drop(books);
    stage.clear().await;
}

#[test]
fn whatever_is_killed_under_load_the_books_of_all_services_agree() {
    let seed = number("KILL_SEED", 1);
    println!("KILL_SEED={seed} repeats the schedule of this run");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(seed));
}
