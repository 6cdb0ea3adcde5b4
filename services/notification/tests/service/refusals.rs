//! A mail server that says no, and administrators who try again.

use sqlx::PgPool;
use tonic::Code;

use crate::{
    relay::{Protection, Relay},
    shop::{ORDER, Shop, refused},
};

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_refused_mail_fails_at_once_and_can_be_sent_again(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    relay.say("RCPT", "550 5.1.1 nobody of that name");
    let shop = Shop::open(&pool, relay.port).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    let failed = shop.until("failed", 1).await;
    assert_eq!(failed[0].attempts, 1);
    assert!(failed[0].error.contains("550") && failed[0].error.contains("nobody of that name"));
    shop.advance(24 * 3600);

    relay.say("RCPT", "");
    let id = &failed[0].id;
    shop.retry(id).await.unwrap();
    let sent = shop.until("sent", 1).await;
    assert_eq!((&sent[0].id, sent[0].attempts, sent[0].error.as_str()), (id, 1, ""));
    assert_eq!(sent[0].sent_at, "2026-03-02T12:00:00Z");
    assert_eq!(refused(shop.retry(id).await), "notification_sent");
    assert_eq!(relay.heard().iter().filter(|line| *line == ".").count(), 1);
    shop.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn what_may_pass_is_tried_again_and_fails_in_the_end(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    relay.say("MAIL", "421 4.7.0 busy at first");
    let shop = Shop::open_with(&pool, relay.port, &["--mail-max-attempts", "3"]).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    // Each try is told by its own words: the error of the one before stands until the next has ended.
    let next = ["421 4.7.0 busy again", "421 4.7.0 too busy"];
    for (said, next, pause) in [("at first", next[0], 5), ("again", next[1], 10)] {
        let waiting = shop.until_all("queued", 1, |mail| mail.error.contains(said)).await;
        shop.retry(&waiting[0].id).await.expect("what waits already goes on waiting");
        relay.say("MAIL", next);
        shop.advance(pause);
    }
    let failed = shop.until("failed", 1).await;
    assert_eq!(failed[0].attempts, 3);
    assert!(failed[0].error.contains("too busy"), "{}", failed[0].error);
    shop.close().await;
}

/// A wrong password of the shop's is no fault of its mails.
#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn mails_outlive_settings_that_the_server_refuses(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    relay.say("AUTH", "535 5.7.8 wrong password");
    let more = ["--smtp-username", "shop", "--smtp-password", "secret"];
    let shop = Shop::open_with(&pool, relay.port, &more).await;
    shop.welcome("ada@example.com", "").await.unwrap();
    shop.until_all("queued", 1, |mail| mail.error.contains("wrong password")).await;
    relay.say("AUTH", "");
    relay.say("MAIL", "530 5.7.0 sign in first");
    shop.advance(5);
    shop.until_all("queued", 1, |mail| mail.error.contains("sign in first")).await;
    relay.say("MAIL", "");
    shop.advance(10);
    assert_eq!(shop.until("sent", 1).await[0].attempts, 3);
    shop.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_failed_reset_is_forgotten_after_its_hour(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    relay.say("RCPT", "550 no");
    let shop = Shop::open(&pool, relay.port).await;
    shop.reset("ada@example.com", "a-secret-token").await;
    let failed = shop.until("failed", 1).await;
    shop.advance(3600);
    assert_eq!(refused(shop.retry(&failed[0].id).await), "notification_expired");
    let forgotten = async {
        let sql = "SELECT bool_and(content IS NULL) FROM notifications";
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&pool).await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), forgotten).await.expect("forgotten");
    let failed = shop.list("failed").await;
    assert!(failed[0].error.contains("550"), "it says why it failed first: {failed:?}");
    shop.close().await;
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_mail_that_there_is_not_cannot_be_sent_again(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    let shop = Shop::open(&pool, relay.port).await;
    assert_eq!(shop.retry(ORDER).await.unwrap_err().code(), Code::NotFound);
    shop.close().await;
}
