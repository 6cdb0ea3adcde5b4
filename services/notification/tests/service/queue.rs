//! The mail queue: idempotency, leases, retries, expiry, retention.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use proto::notification::v1 as pb;
use sqlx::ConnectOptions;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::fixture::{Inbox, ORDER, TestService, args, free_port, header, reason};
use crate::scripted_relay::{Encryption, ScriptedRelay};

#[tokio::test]
async fn repeated_idempotency_key_sends_one_mail() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    let repeats = (0..10).map(|_| service.send_welcome("ada@example.com", "account-1"));
    join_all(repeats).await.into_iter().for_each(|response| response.unwrap());
    service.wait_for("sent", 1).await;
    // The key is still known after the mail was sent, also for another recipient.
    service.send_welcome("bob@example.com", "account-1").await.unwrap();
    assert_eq!(service.list("").await.len(), 1);

    // A key is scoped to a kind: an order's ID can be the key of one mail of each kind.
    let request = pb::SendOrderCancelledRequest {
        email: "ada@example.com".into(),
        order_id: ORDER.into(),
        idempotency_key: "account-1".into(),
        ..Default::default()
    };
    service.client.clone().send_order_cancelled(request).await.unwrap();
    service.wait_for("sent", 2).await;
    assert_eq!(inbox.mails().await.len(), 2);
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn calls_without_key_send_one_mail_each() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    for _ in 0..3 {
        service.send_welcome("ada@example.com", "").await.unwrap();
    }
    service.wait_for("sent", 3).await;
    assert_eq!(inbox.mails().await.len(), 3);
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn two_workers_send_each_mail_once() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let url = database.pool().connect_options().to_url_lossy();
    let one = TestService::start(database.pool(), inbox.smtp_port).await;
    let settings = args(url.as_str(), inbox.smtp_port, &[]);
    let other = TestService::start_with_args(settings, one.env.clone()).await;
    let calls = (0..60).map(|n| {
        let service = if n % 2 == 0 { &one } else { &other };
        async move { service.send_welcome(&format!("c{n}@example.com"), "").await.unwrap() }
    });
    join_all(calls).await;
    loop {
        let mails = inbox.mails().await;
        if mails.len() >= 60 && one.list("queued").await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mails = inbox.mails().await;
    let ids: HashSet<_> = mails.iter().map(|mail| header(mail, "Message-ID").unwrap()).collect();
    assert_eq!((mails.len(), ids.len()), (60, 60));
    let attempts: i64 = sqlx::query_scalar("SELECT sum(attempts) FROM notifications")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(attempts, 60);
    one.stop().await;
    other.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn mails_stay_queued_during_mail_server_outage() {
    let database = testing::database(&notification::MIGRATOR).await;
    let port = free_port();
    let service = TestService::start(database.pool(), port).await;
    for n in 0..20 {
        service.send_welcome(&format!("c{n}@example.com"), "").await.unwrap();
    }
    let waiting =
        service.wait_for_all("queued", 20, |mail| mail.attempts == 1 && !mail.error.is_empty());
    let waiting = waiting.await;
    assert!(waiting[0].error.contains("onnect"), "{}", waiting[0].error);
    assert_eq!(waiting[0].sent_at, "");

    let inbox = Inbox::start_on(port).await;
    assert!(inbox.mails().await.is_empty(), "the backoff has not elapsed");
    service.advance(5);
    let sent = service.wait_for("sent", 20).await;
    assert!(sent.iter().all(|mail| mail.attempts == 2 && mail.error.is_empty()), "{sent:?}");
    assert_eq!(inbox.mails().await.len(), 20);

    // A second outage of the mail server, with the same service.
    inbox.stop().await;
    service.send_welcome("late@example.com", "").await.unwrap();
    service.wait_for_all("queued", 1, |mail| !mail.error.is_empty()).await;
    let inbox = Inbox::start_on(port).await;
    service.advance(5);
    assert_eq!(inbox.single_mail().await["to"][0], "late@example.com");
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn expired_lease_is_taken_by_another_worker() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), free_port()).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for_all("queued", 1, |mail| mail.attempts == 1 && !mail.error.is_empty()).await;
    let (env, start) = (service.env.clone(), service.env.now());
    service.stop().await;
    // The state that a worker leaves when it dies during an attempt.
    let until = (start + jiff::SignedDuration::from_secs(120)).to_string();
    sqlx::query("UPDATE notifications SET lease_id = gen_random_uuid(), due_at = $1::timestamptz")
        .bind(until)
        .execute(database.pool())
        .await
        .unwrap();

    let url = database.pool().connect_options().to_url_lossy();
    let service = TestService::start_with_args(args(url.as_str(), inbox.smtp_port, &[]), env).await;
    service.advance(119);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(inbox.mails().await.is_empty());
    service.advance(1);
    assert_eq!(inbox.single_mail().await["to"][0], "ada@example.com");
    assert_eq!(service.wait_for("sent", 1).await[0].attempts, 2);
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn mail_fails_when_workers_die_at_every_attempt() {
    let database = testing::database(&notification::MIGRATOR).await;
    let service =
        TestService::start_with(database.pool(), free_port(), &["--mail-max-attempts", "3"]).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for_all("queued", 1, |mail| !mail.error.is_empty()).await;
    sqlx::query("UPDATE notifications SET attempts = 3").execute(database.pool()).await.unwrap();
    service.advance(5);
    let failed = service.wait_for("failed", 1).await;
    assert_eq!(failed[0].error, "given up after too many attempts");
    assert_eq!(failed[0].attempts, 3);
    let text = service.runtime.metrics().text();
    assert!(
        text.contains("notification_mails_total{kind=\"welcome\",outcome=\"failed\"} 1"),
        "{text}"
    );
    service.stop().await;
}

#[tokio::test]
async fn repeated_attempt_has_the_same_message_id_and_date() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    relay.set_reply(".", "451 4.3.0 not now");
    let service = TestService::start(database.pool(), relay.port).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for_all("queued", 1, |mail| mail.error.contains("not now")).await;
    relay.set_reply(".", "");
    service.advance(5);
    let sent = service.wait_for("sent", 1).await;
    let received = relay.received_lines();
    for name in ["Message-ID: ", "Date: "] {
        let lines: Vec<_> = received.iter().filter(|line| line.starts_with(name)).collect();
        assert_eq!(lines.len(), 2, "{received:?}");
        assert_eq!(lines[0], lines[1]);
    }
    assert_eq!(sent[0].attempts, 2);
    service.stop().await;
}

#[tokio::test]
async fn undelivered_reset_expires_after_an_hour() {
    let database = testing::database(&notification::MIGRATOR).await;
    let port = free_port();
    let service = TestService::start(database.pool(), port).await;
    service.send_password_reset("ada@example.com", "a-secret-token").await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for_all("queued", 2, |mail| mail.attempts == 1 && !mail.error.is_empty()).await;
    service.advance(3599);
    service.wait_for_all("queued", 2, |mail| mail.attempts == 2).await;
    service.advance(1);
    let failed = service.wait_for("failed", 1).await;
    assert_eq!(failed[0].r#type, "password_reset");
    assert_eq!(failed[0].error, "expired before it could be delivered");
    let row: String = sqlx::query_scalar("SELECT string_agg(n::text, ' ') FROM notifications n")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert!(!row.contains("a-secret-token"), "{row}");
    assert_eq!(reason(service.retry(&failed[0].id).await), "notification_expired");

    let inbox = Inbox::start_on(port).await;
    service.advance(1800);
    assert_eq!(
        inbox.single_mail().await["subject"],
        "Welcome to Storefront",
        "the other mail is sent"
    );
    service.stop().await;
    inbox.stop().await;
}

#[tokio::test]
async fn retention_deletes_old_mails_except_queued_ones() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let service = TestService::start(database.pool(), inbox.smtp_port).await;
    for key in ["sent", "failed", "queued"] {
        service.send_welcome("ada@example.com", key).await.unwrap();
    }
    service.wait_for("sent", 3).await;
    for key in ["failed", "queued"] {
        sqlx::query(
            "UPDATE notifications SET status = $1, sent_at = NULL, content = '{}',
                 due_at = created_at + interval '1 year' WHERE idempotency_key = $1",
        )
        .bind(key)
        .execute(database.pool())
        .await
        .unwrap();
    }
    let (env, url) = (service.env.clone(), database.pool().connect_options().to_url_lossy());
    service.stop().await;

    let settings = || args(url.as_str(), inbox.smtp_port, &["--mail-retention", "1d"]);
    env.advance(SignedDuration::from_hours(23));
    let service = TestService::start_with_args(settings(), env.clone()).await;
    service.send_welcome("bob@example.com", "new").await.unwrap();
    service.wait_for("sent", 2).await;
    assert_eq!(service.list("").await.len(), 4, "the retention has not elapsed");
    service.stop().await;

    env.advance(SignedDuration::from_hours(2));
    let service = TestService::start_with_args(settings(), env).await;
    service.wait_for("", 2).await;
    let remaining: Vec<_> = service.list("").await.into_iter().map(|mail| mail.status).collect();
    assert_eq!(remaining, ["sent", "queued"], "the new mail and the queued mail");
    service.stop().await;
    inbox.stop().await;
}

/// With statistics of a nearly empty table, PostgreSQL plans nested loops.
#[tokio::test]
async fn batch_size_is_limited_with_any_table_statistics() {
    let database = testing::database(&notification::MIGRATOR).await;
    let insert = "INSERT INTO notifications
             (id, kind, recipient, subject, content, due_at, created_at)
         SELECT gen_random_uuid(), 'welcome', 'ada@example.com', 'Welcome',
             '{\"kind\": \"welcome\", \"first_name\": \"\"}', '2026-01-01', '2026-01-01'
         FROM generate_series(1, $1)";
    sqlx::query(insert).bind(1).execute(database.pool()).await.unwrap();
    sqlx::query("ANALYZE notifications").execute(database.pool()).await.unwrap();
    sqlx::query(insert).bind(39).execute(database.pool()).await.unwrap();
    // A mail server that never responds.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = TestService::start(database.pool(), silent.local_addr().unwrap().port()).await;
    let leased = loop {
        let leased = "SELECT count(*) FROM notifications WHERE lease_id IS NOT NULL";
        match sqlx::query_scalar::<_, i64>(leased).fetch_one(database.pool()).await.unwrap() {
            0 => sleep(Duration::from_millis(20)).await,
            leased => break leased,
        }
    };
    assert_eq!(leased, 8);
    drop(silent);
    service.stop().await;
}
