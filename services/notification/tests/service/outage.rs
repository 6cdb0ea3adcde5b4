//! PostgreSQL becomes unavailable and recovers while the service runs.

use std::time::Duration;

use jiff::Timestamp;
use kit::Env;
use sqlx::PgPool;
use testing::FaultProxy;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::fixture::{Inbox, TestService, args};
use crate::scripted_relay::{Encryption, ScriptedRelay};

/// Starts the service with its database connection through `proxy`.
async fn start(pool: &PgPool, proxy: &FaultProxy, smtp_port: u16) -> TestService {
    let mut args = args(&proxy.database_url(pool), smtp_port, &[]);
    args.database.database_acquire_timeout = Duration::from_secs(2);
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    TestService::start_with_args(args, Env::fixed(start, 7)).await
}

async fn wait_for_recovery(service: &TestService) {
    let wait = async {
        while service.send_welcome("back@example.com", "back").await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("recovery without a restart");
}

#[tokio::test]
async fn calls_fail_unavailable_during_outage_and_recover() {
    let database = testing::database(&notification::MIGRATOR).await;
    let inbox = Inbox::start().await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    proxy.disconnect().await;
    let service = start(database.pool(), &proxy, inbox.smtp_port).await;
    for _ in 0..2 {
        let status = service.send_welcome("ada@example.com", "").await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
    }
    proxy.restore().await;
    wait_for_recovery(&service).await;
    assert_eq!(inbox.single_mail().await["to"][0], "back@example.com");
    service.stop().await;
    inbox.stop().await;
}

/// The critical moment: the mail server has accepted the mail and that is not yet recorded.
#[tokio::test]
async fn mail_accepted_during_database_outage_is_sent_once() {
    let database = testing::database(&notification::MIGRATOR).await;
    let relay = ScriptedRelay::start(Encryption::None).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    let service = start(database.pool(), &proxy, relay.port).await;
    let lock = relay.end_of_mail_lock.lock().await;
    service.send_welcome("ada@example.com", "").await.unwrap();
    let delivered_count = || relay.received_lines().iter().filter(|line| *line == ".").count();
    let wait = async {
        while delivered_count() == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the mail is on its way");
    proxy.disconnect().await;
    drop(lock);
    sleep(Duration::from_secs(1)).await;
    proxy.restore().await;
    wait_for_recovery(&service).await;
    let sent = service.wait_for("sent", 2).await;
    assert!(sent.iter().all(|mail| mail.attempts == 1), "{sent:?}");
    service.advance(24 * 3600);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(delivered_count(), 2, "one each");
    service.stop().await;
}
