//! Test cards and test methods, and responses of the provider that are late or lost.

use std::time::Duration;

use proto::payment::v1::TransactionStatus as Status;
use sqlx::ConnectOptions as _;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use crate::fixture::{PaymentFixture, args, authorize_request, card, code, order, user};

#[tokio::test]
async fn test_cards_and_methods_succeed_or_decline_as_documented() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let mut cases = vec![
        ("pm_test_visa".to_owned(), ""),
        ("pm_test_declined".to_owned(), "card_declined"),
        ("pm_test_insufficient_funds".to_owned(), "insufficient_funds"),
    ];
    for (number, decline) in [
        ("4242424242424242", ""),
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("5555555555554444", ""),
    ] {
        cases.push((service.add_method(card(number)).await.unwrap().id, decline));
    }
    for (n, (method, decline)) in cases.iter().enumerate() {
        let authorization = service.authorize(&format!("auth {n}"), method, 100).await.unwrap();
        assert_eq!(
            (authorization.success, &*authorization.decline_code),
            (decline.is_empty(), *decline),
            "{n}"
        );
        assert_eq!(authorization.error_message.is_empty(), decline.is_empty(), "{authorization:?}");
        let expected = if authorization.success { Status::Authorized } else { Status::Failed };
        assert_eq!(authorization.authorization.unwrap().status(), expected);
        let charge = service.charge(&format!("charge {n}"), method, 100).await.unwrap();
        assert_eq!((charge.success, &*charge.decline_code), (decline.is_empty(), *decline), "{n}");
    }
    let listed = service.methods(&user(1)).await;
    assert_eq!(listed.len(), 4, "test methods of the provider are not listed");
    service.stop_consistent().await;
}

#[tokio::test]
async fn lost_reply_is_unavailable_and_retry_finds_outcome() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for key in ["one", "two"] {
        let lost = service.authorize(key, "pm_test_lost_reply", 100).await.unwrap_err();
        assert_eq!(lost.code(), Code::Unavailable, "{lost:?}");
        let found = service.authorize(key, "pm_test_lost_reply", 100).await.unwrap();
        assert!(found.success);
        let authorization = found.authorization.unwrap().id;
        assert!(service.capture(key, &authorization, 100).await.unwrap().success);
        assert!(service.authorize(key, "pm_test_lost_reply", 100).await.unwrap().success);
    }
    assert_eq!(code(service.charge("three", "pm_test_lost_reply", 100).await), Code::Unavailable);
    assert!(service.charge("three", "pm_test_lost_reply", 100).await.unwrap().success);
    for (operation, times) in [("authorize", 2), ("capture", 2), ("charge", 1)] {
        assert_eq!(service.executed(operation).await, times, "{operation}");
    }
    service.stop_consistent().await;
}

#[tokio::test]
async fn late_reply_exceeds_deadline_and_retry_finds_outcome() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let began = Instant::now();
    let late = service.authorize("auth", "pm_test_timeout", 100).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded, "{late:?}");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(4), "call timeout: {took:?}");
    let found = service.authorize("auth", "pm_test_timeout", 100).await.unwrap();
    assert!(found.success);
    let text = service.runtime.metrics().text();
    for line in [
        "payment_provider_calls_total{operation=\"authorize\",outcome=\"unknown\"} 1",
        "payment_provider_calls_total{operation=\"look_up\",outcome=\"done\"} 1",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }

    // A retry also finds the outcome if the caller of the first request disconnected before the
    // response.
    service.abandon_authorize("auth 2", "pm_test_timeout").await;
    assert!(service.authorize("auth 2", "pm_test_timeout", 100).await.unwrap().success);
    assert_eq!(service.executed("authorize").await, 2);
    service.stop_consistent().await;
}

#[tokio::test]
async fn late_reply_within_call_timeout_succeeds() {
    let database = testing::database(&payment::MIGRATOR).await;
    let mut args = args(database.pool().connect_options().to_url_lossy().as_str());
    args.simulator_late_answer = Duration::from_millis(200);
    let service = PaymentFixture::start_with(database.pool(), args, 7).await;
    let began = Instant::now();
    assert!(service.authorize("auth", "pm_test_timeout", 100).await.unwrap().success);
    assert!(began.elapsed() >= Duration::from_millis(200));
    service.stop_consistent().await;
}

#[test]
fn late_response_delay_defaults_to_thirty_seconds() {
    let args = args("postgres://localhost/payment_db");
    assert_eq!(args.simulator_late_answer, Duration::from_secs(30));
}

#[tokio::test]
async fn sent_command_is_executed_after_caller_disconnects() {
    let database = testing::database(&payment::MIGRATOR).await;
    let mut args = args(database.pool().connect_options().to_url_lossy().as_str());
    args.simulator_latency = Duration::from_millis(500);
    let service = PaymentFixture::start_with(database.pool(), args, 7).await;
    let mut client = service.client.clone();
    let request = authorize_request("auth", "pm_test_visa", 100);
    let call = tokio::spawn(async move { client.authorize(request).await });
    while service.list_by_order(&order(1)).await.is_empty() {
        sleep(Duration::from_millis(20)).await;
    }
    call.abort();
    let wait = async {
        while service.executed("authorize").await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the provider executes the command");
    assert!(service.authorize("auth", "pm_test_visa", 100).await.unwrap().success);
    assert_eq!(service.executed("authorize").await, 1);
    service.stop_consistent().await;
}
