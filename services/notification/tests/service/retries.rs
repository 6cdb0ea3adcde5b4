//! Rejections by the mail server, and retries by administrators.

use tonic::Code;

use crate::fixture::{ORDER, TestService, reason};
use crate::scripted_relay::{Encryption, ScriptedRelay};

#[tokio::test]
async fn rejected_mail_fails_immediately_and_can_be_retried() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    relay.set_reply("RCPT", "550 5.1.1 nobody of that name");
    let service = TestService::start(database.pool(), relay.port).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    let failed = service.wait_for("failed", 1).await;
    assert_eq!(failed[0].attempts, 1);
    assert!(failed[0].error.contains("550") && failed[0].error.contains("nobody of that name"));
    service.advance(24 * 3600);

    relay.set_reply("RCPT", "");
    let id = &failed[0].id;
    service.retry(id).await.unwrap();
    let sent = service.wait_for("sent", 1).await;
    assert_eq!((&sent[0].id, sent[0].attempts, sent[0].error.as_str()), (id, 1, ""));
    assert_eq!(sent[0].sent_at, "2026-03-02T12:00:00Z");
    assert_eq!(reason(service.retry(id).await), "notification_sent");
    assert_eq!(relay.received_lines().iter().filter(|line| *line == ".").count(), 1);
    service.stop().await;
}

#[tokio::test]
async fn temporary_failure_is_retried_until_attempts_run_out() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    relay.set_reply("MAIL", "421 4.7.0 busy at first");
    let service =
        TestService::start_with(database.pool(), relay.port, &["--mail-max-attempts", "3"]).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    // Each attempt has its own error, which stays until the next attempt has ended.
    let next = ["421 4.7.0 busy again", "421 4.7.0 too busy"];
    for (error, next, pause) in [("at first", next[0], 5), ("again", next[1], 10)] {
        let waiting = service.wait_for_all("queued", 1, |mail| mail.error.contains(error)).await;
        service.retry(&waiting[0].id).await.expect("a queued mail stays queued");
        relay.set_reply("MAIL", next);
        service.advance(pause);
    }
    let failed = service.wait_for("failed", 1).await;
    assert_eq!(failed[0].attempts, 3);
    assert!(failed[0].error.contains("too busy"), "{}", failed[0].error);
    service.stop().await;
}

/// A wrong SMTP password fails no mail.
#[tokio::test]
async fn wrong_smtp_credentials_do_not_fail_mails() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    relay.set_reply("AUTH", "535 5.7.8 wrong password");
    let extra_args = ["--smtp-username", "shop", "--smtp-password", "secret"];
    let service = TestService::start_with(database.pool(), relay.port, &extra_args).await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    service.wait_for_all("queued", 1, |mail| mail.error.contains("wrong password")).await;
    relay.set_reply("AUTH", "");
    relay.set_reply("MAIL", "530 5.7.0 sign in first");
    service.advance(5);
    service.wait_for_all("queued", 1, |mail| mail.error.contains("sign in first")).await;
    relay.set_reply("MAIL", "");
    service.advance(10);
    assert_eq!(service.wait_for("sent", 1).await[0].attempts, 3);
    service.stop().await;
}

#[tokio::test]
async fn content_of_failed_reset_is_deleted_after_an_hour() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    relay.set_reply("RCPT", "550 no");
    let service = TestService::start(database.pool(), relay.port).await;
    service.send_password_reset("ada@example.com", "a-secret-token").await;
    let failed = service.wait_for("failed", 1).await;
    service.advance(3600);
    assert_eq!(reason(service.retry(&failed[0].id).await), "notification_expired");
    let content_deleted = async {
        let sql = "SELECT bool_and(content IS NULL) FROM notifications";
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(database.pool()).await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), content_deleted)
        .await
        .expect("deleted content");
    let failed = service.list("failed").await;
    assert!(failed[0].error.contains("550"), "the first error is kept: {failed:?}");
    service.stop().await;
}

#[tokio::test]
async fn retry_of_unknown_mail_is_not_found() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    let service = TestService::start(database.pool(), relay.port).await;
    assert_eq!(service.retry(ORDER).await.unwrap_err().code(), Code::NotFound);
    service.stop().await;
}
