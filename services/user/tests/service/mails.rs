//! The outbox: mails are delivered despite outages and crashes.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{sleep, timeout};

use crate::fake_notification::{FakeNotification, Fault};
use crate::fixture::{PASSWORD, TestService};

const START: &str = "2026-03-01T12:00:00Z";

/// Mails leased once and postponed, at the start of a test.
const POSTPONED: &str = "SELECT count(*) FROM outbox
                       WHERE attempts = 1 AND due_at < '2026-03-01T12:00:30Z'";

/// Mails leased twice and postponed, a minute later.
const POSTPONED_TWICE: &str = "SELECT count(*) FROM outbox
                             WHERE attempts = 2 AND due_at < '2026-03-01T12:01:30Z'";

async fn wait_for_count(service: &TestService, statement: &'static str, expected: i64) {
    let wait = async {
        while service.count(statement).await != expected {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect(statement);
}

#[tokio::test]
async fn outage_of_notification_service_delays_mails() {
    let database = testing::database(&user::MIGRATOR).await;
    let notification = FakeNotification::stopped().await;
    let mut service = TestService::start_at(database.pool(), START, notification, |_| {}).await;
    service.register("ada@example.com").await;
    service.request_password_reset("ada@example.com").await.unwrap();
    wait_for_count(&service, POSTPONED, 2).await;
    service.env.advance(SignedDuration::from_secs(60));
    wait_for_count(&service, POSTPONED_TWICE, 2).await;
    let wait = async {
        while service.metric("user_outbox_age_seconds").as_deref() != Some("60") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the metric of the age");
    assert_eq!(service.metric("user_outbox_depth").unwrap(), "2");
    // Sign-in does not depend on the notification service.
    service.login("ada@example.com", PASSWORD).await.unwrap();

    service.notification.start().await;
    service.env.advance(SignedDuration::from_mins(6));
    service.notification.wait_for("verification", "ada@example.com", 1).await;
    let token =
        service.notification.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    service.reset_password(&token, "another password").await.unwrap();
    wait_for_count(&service, "SELECT count(*) FROM outbox", 0).await;
    // The reset verifies the address, which is followed by the welcome mail.
    service.notification.wait_for("welcome", "ada@example.com", 1).await;
    assert_eq!(service.notification.received().len(), 3);
    service.stop().await;
}

#[tokio::test]
async fn pending_mail_is_sent_after_restart() {
    let database = testing::database(&user::MIGRATOR).await;
    let notification = FakeNotification::stopped().await;
    let service = TestService::start_at(database.pool(), START, notification, |_| {}).await;
    service.register("ada@example.com").await;
    wait_for_count(&service, POSTPONED, 1).await;
    service.stop().await;

    let mut notification = FakeNotification::stopped().await;
    notification.start().await;
    let service =
        TestService::start_at(database.pool(), "2026-03-01T13:00:00Z", notification, |_| {}).await;
    service.notification.wait_for("verification", "ada@example.com", 1).await;
    wait_for_count(&service, "SELECT count(*) FROM outbox", 0).await;
    service.stop().await;
}

#[tokio::test]
async fn expired_lease_is_taken_by_another_worker() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer("ada@example.com").await;
    service.notification.wait_for("verification", "ada@example.com", 1).await;
    wait_for_count(&service, "SELECT count(*) FROM outbox", 0).await;
    sqlx::query(
        "INSERT INTO outbox (id, kind, email, email_key, first_name, attempts, created_at, due_at)
         VALUES ($1::uuid, 'welcome', 'bob@example.com', 'bob@example.com', 'Bob', 1,
                 '2026-03-01T12:00:00Z', '2026-03-01T12:00:30Z')",
    )
    .bind(&id)
    .execute(database.pool())
    .await
    .unwrap();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(service.notification.received().len(), 1, "another worker holds the lease");
    service.env.advance(SignedDuration::from_secs(30));
    let mail = service.notification.wait_for("welcome", "bob@example.com", 1).await.remove(0);
    assert_eq!(mail.key, id);
    service.stop().await;
}

#[tokio::test]
async fn lost_response_repeats_the_mail_with_the_same_key() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.notification.inject(Fault::LoseResponses);
    service.register("ada@example.com").await;
    service.notification.wait_for("verification", "ada@example.com", 1).await;
    service.request_password_reset("ada@example.com").await.unwrap();
    service.notification.wait_for("reset", "ada@example.com", 1).await;
    wait_for_count(&service, POSTPONED, 2).await;
    service.notification.inject(Fault::None);
    service.env.advance(SignedDuration::from_secs(10));
    for kind in ["verification", "reset"] {
        let mails = service.notification.wait_for(kind, "ada@example.com", 2).await;
        assert_eq!(mails[0].key, mails[1].key);
    }
    // The notification service keeps the first mail of a key: its token must work.
    let first = service.notification.wait_for("reset", "ada@example.com", 2).await.remove(0);
    service.reset_password(&first.content, "another password").await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn rejected_mail_does_not_block_others() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    service.notification.inject(Fault::RejectAll);
    service.register("ada@example.com").await;
    wait_for_count(&service, "SELECT count(*) FROM outbox", 0).await;
    service.notification.inject(Fault::None);
    service.register("bob@example.com").await;
    service.notification.wait_for("verification", "bob@example.com", 1).await;
    assert_eq!(service.metric("user_mails_total{outcome=\"refused\"}").unwrap(), "1");
    service.stop().await;
}

#[tokio::test]
async fn two_replicas_send_each_mail_once() {
    let database = testing::database(&user::MIGRATOR).await;
    let one = TestService::start(database.pool()).await;
    let two = TestService::start(database.pool()).await;
    for n in 0..20 {
        let service = if n % 2 == 0 { &one } else { &two };
        service.register(&format!("user{n}@example.com")).await;
    }
    wait_for_count(&one, "SELECT count(*) FROM outbox", 0).await;
    let mut keys: Vec<_> = [one.notification.received(), two.notification.received()]
        .concat()
        .into_iter()
        .map(|mail| mail.key)
        .collect();
    assert_eq!(keys.len(), 20);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 20);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn reset_token_is_not_stored_in_plain_text() {
    let database = testing::database(&user::MIGRATOR).await;
    let notification = FakeNotification::stopped().await;
    let mut service = TestService::start_at(database.pool(), START, notification, |_| {}).await;
    service.register("ada@example.com").await;
    service.request_password_reset("ada@example.com").await.unwrap();
    wait_for_count(&service, POSTPONED, 2).await;
    assert_eq!(service.count("SELECT count(*) FROM password_resets").await, 1);
    let dump: String = sqlx::query_scalar(
        "SELECT concat((SELECT string_agg(o::text, '') FROM outbox o),
                       (SELECT string_agg(r::text, '') FROM password_resets r))",
    )
    .fetch_one(database.pool())
    .await
    .unwrap();
    service.notification.start().await;
    service.env.advance(SignedDuration::from_mins(5));
    let token =
        service.notification.wait_for("reset", "ada@example.com", 1).await.remove(0).content;
    assert!(dump.contains("ada@example.com") && !dump.contains(&token));
    service.stop().await;
}
