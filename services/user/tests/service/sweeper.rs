//! The sweeper deletes expired rows and no others.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::fake_notification::FakeNotification;
use crate::fixture::{PASSWORD, TestService};

async fn start_at(pool: &PgPool, start: &str) -> TestService {
    let mut notification = FakeNotification::stopped().await;
    notification.start().await;
    TestService::start_at(pool, start, notification, |_| {}).await
}

const ROWS: [&str; 4] = [
    "SELECT count(*) FROM sessions",
    "SELECT count(*) FROM refresh_tokens",
    "SELECT count(*) FROM password_resets",
    "SELECT count(*) FROM sign_in_attempts",
];

async fn rows(service: &TestService) -> Vec<i64> {
    let mut counts = Vec::new();
    for statement in ROWS {
        counts.push(service.count(statement).await);
    }
    counts
}

#[tokio::test]
async fn sweeper_deletes_only_expired_rows() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = start_at(database.pool(), "2026-03-01T12:00:00Z").await;
    service.register("ada@example.com").await;
    let valid_token = service.register("bob@example.com").await.refresh_token;
    service.request_password_reset("ada@example.com").await.unwrap();
    service.notification.wait_for("reset", "ada@example.com", 1).await;
    service.login("cleo@example.com", "wrong password").await.unwrap_err();
    assert_eq!(rows(&service).await, [2, 2, 1, 1]);
    // Bob's session is refreshed on the sixth day, and another sign-in fails.
    service.env.advance(jiff::SignedDuration::from_hours(6 * 24));
    let valid_token = service.refresh(&valid_token).await.unwrap().refresh_token;
    service.login("dan@example.com", "wrong password").await.unwrap_err();
    service.stop().await;

    // The sweeper runs at startup. A session is deleted when its access tokens have expired, too.
    let service = start_at(database.pool(), "2026-03-08T12:15:00Z").await;
    let wait = async {
        while rows(&service).await != [1, 1, 0, 0] {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("a sweep");
    service.refresh(&valid_token).await.unwrap();
    service.login("ada@example.com", PASSWORD).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn sweeper_deletes_successors_after_the_grace_period() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = start_at(database.pool(), "2026-03-01T12:00:00Z").await;
    let first = service.register("ada@example.com").await.refresh_token;
    let later = service.register("bob@example.com").await.refresh_token;
    service.refresh(&first).await.unwrap();
    service.env.advance(jiff::SignedDuration::from_secs(8));
    service.refresh(&later).await.unwrap();
    const SUCCESSORS: &str = "SELECT count(*) FROM refresh_tokens WHERE successor IS NOT NULL";
    assert_eq!(service.count(SUCCESSORS).await, 2);
    service.stop().await;

    // A minute later than the grace period, because the clocks of replicas differ.
    let service = start_at(database.pool(), "2026-03-01T12:01:11Z").await;
    let wait = async {
        while service.count(SUCCESSORS).await != 1 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("a sweep");
    // The reuse of the token is still detected.
    service.refresh(&first).await.unwrap_err();
    assert_eq!(service.count("SELECT count(*) FROM sessions").await, 1);
    service.stop().await;
}
