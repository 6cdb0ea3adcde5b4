//! PostgreSQL goes away and comes back; the service stays.

use std::time::Duration;

use jiff::Timestamp;
use kit::{Env, testing::FaultProxy};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::{
    relay::{Protection, Relay},
    shop::{Inbox, Shop, args},
};

/// The service, reaching the test's database over `proxy`.
async fn open(pool: &PgPool, proxy: &FaultProxy, smtp_port: u16) -> Shop {
    let mut args = args(&proxy.database_url(pool), smtp_port, &[]);
    args.database.database_acquire_timeout = Duration::from_secs(2);
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    Shop::start(args, Env::fixed(start, 7)).await
}

async fn recovered(shop: &Shop) {
    let wait = async {
        while shop.welcome("back@example.com", "back").await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("recovery without a restart");
}

#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn calls_are_unavailable_while_postgresql_is_away_and_mails_go_after(pool: PgPool) {
    let inbox = Inbox::open().await;
    let mut proxy = FaultProxy::for_database(&pool).await;
    proxy.disconnect().await;
    let shop = open(&pool, &proxy, inbox.smtp_port).await;
    for _ in 0..2 {
        let status = shop.welcome("ada@example.com", "").await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
    }
    proxy.restore().await;
    recovered(&shop).await;
    assert_eq!(inbox.one().await["to"][0], "back@example.com");
    shop.close().await;
    inbox.close().await;
}

/// The one moment in which a mail could be sent twice: taken by the mail server, not noted yet.
#[sqlx::test(migrator = "notification::MIGRATOR")]
async fn a_mail_that_was_taken_while_postgresql_is_away_is_sent_once(pool: PgPool) {
    let relay = Relay::open(Protection::None).await;
    let mut proxy = FaultProxy::for_database(&pool).await;
    let shop = open(&pool, &proxy, relay.port).await;
    let held = relay.gate.lock().await;
    shop.welcome("ada@example.com", "").await.unwrap();
    let ends = || relay.heard().iter().filter(|line| *line == ".").count();
    let wait = async {
        while ends() == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the mail is on its way");
    proxy.disconnect().await;
    drop(held);
    sleep(Duration::from_secs(1)).await;
    proxy.restore().await;
    recovered(&shop).await;
    let sent = shop.until("sent", 2).await;
    assert!(sent.iter().all(|mail| mail.attempts == 1), "{sent:?}");
    shop.advance(24 * 3600);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(ends(), 2, "one each");
    shop.close().await;
}
