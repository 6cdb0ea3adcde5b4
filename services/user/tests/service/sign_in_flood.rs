//! Sign-ins of a known owner while wrong sign-ins arrive from many networks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tonic::Status;

use crate::fixture::{PASSWORD, TestService};

const ADA: &str = "ada@example.com";
const HOME: &str = "203.0.113.0/24";

/// Time after which an attempt in the queue is given up.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// More than the queue of unknown callers holds.
fn flood_size() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    8 * cores + 24
}

fn network(n: usize) -> String {
    format!("198.{}.{}.0/24", 18 + n / 256 % 2, n % 256)
}

#[tokio::test]
async fn full_queue_rejects_known_and_unknown_addresses_alike_before_any_hash() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start_with(database.pool(), |args| args.bcrypt_cost = 10).await;
    service.register(ADA).await;
    let start = Instant::now();
    let attempts = (0..flood_size()).map(|n| {
        let service = &service;
        async move {
            // Every address is different, so that none is throttled, except the one of the account.
            let (unknown, network) = (format!("nobody{n}@example.com"), network(n));
            let refusal = async |email: &str| {
                let refused = service.login_from(email, "wrong password", &network).await;
                (refused.unwrap_err(), start.elapsed())
            };
            tokio::join!(refusal(&unknown), refusal(ADA))
        }
    });
    let (unknown, known): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().unzip();
    let is_rejected = |(status, _): &(Status, Duration)| reason(status) == "rate_limited";
    let all = unknown.iter().chain(&known).filter(|refusal| is_rejected(refusal));
    let earliest = all.map(|(_, after)| *after).min().unwrap();
    assert!(earliest < MAX_WAIT, "rejected after a wait in the queue: {earliest:?}");
    let rejected = |refusals: Vec<(Status, Duration)>| -> Vec<Status> {
        refusals.into_iter().filter(is_rejected).map(|(status, _)| status).collect()
    };
    let (unknown, known) = (rejected(unknown), rejected(known));
    let example = &unknown[0];
    assert!(kit::grpc::status::retry_after_of(example).is_some());
    for status in unknown.iter().chain(&known) {
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert_eq!((status.message(), status.details()), (example.message(), example.details()));
    }
    assert!(!known.is_empty());
    // A rejected attempt does not count: it leaves no row.
    let rows = service.count("SELECT count(*) FROM sign_in_attempts").await;
    let unknown_rejected = i64::try_from(unknown.len()).unwrap();
    let total = i64::try_from(flood_size()).unwrap();
    assert!(rows <= total - unknown_rejected + 1, "{rows} rows, {unknown_rejected} rejected");
    service.stop().await;
}

fn reason(status: &Status) -> String {
    kit::grpc::status::reason_of(status).unwrap_or_default()
}

#[tokio::test]
async fn owner_on_known_network_signs_in_during_a_flood() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start_with(database.pool(), |args| args.bcrypt_cost = 8).await;
    service.register(ADA).await;
    service.login_from(ADA, PASSWORD, HOME).await.unwrap();
    let (stopped, rejected) = (AtomicBool::new(false), AtomicUsize::new(0));
    let flood = join_all((0..flood_size()).map(|n| {
        let (service, stopped, rejected) = (&service, &stopped, &rejected);
        async move {
            let unknown = format!("nobody{n}@example.com");
            let email = if n % 2 == 0 { ADA } else { &unknown };
            while !stopped.load(Ordering::Relaxed) {
                let refused = service.login_from(email, "wrong password", &network(n)).await;
                if reason(&refused.unwrap_err()) == "rate_limited" {
                    rejected.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }));
    let owner = async {
        for _ in 0..30 {
            service.login_from(ADA, PASSWORD, HOME).await.expect("the owner signs in");
        }
        stopped.store(true, Ordering::Relaxed);
    };
    tokio::join!(flood, owner);
    assert!(rejected.load(Ordering::Relaxed) > 0, "the flood filled the queue");
    service.stop().await;
}
