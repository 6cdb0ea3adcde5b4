//! Concurrent requests through two replicas on one database.

use futures::future::join_all;
use proto::payment::v1::TransactionStatus as Status;
use tonic::Code;

use crate::fixture::{PaymentFixture, reason};

#[tokio::test]
async fn concurrent_captures_never_exceed_authorization() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    let authorization = service.authorized("auth", 1000).await;
    let captures = (0..50).map(async |n| {
        let service = if n % 2 == 0 { &service } else { &other };
        service.capture(&format!("capture {n}"), &authorization, 60).await
    });
    let responses = join_all(captures).await;
    let (captured, refused_responses): (Vec<_>, Vec<_>) =
        responses.into_iter().partition(Result::is_ok);
    assert_eq!((captured.len(), refused_responses.len()), (16, 34), "960 of 1000");
    assert!(captured.into_iter().all(|response| response.unwrap().success));
    for response in refused_responses {
        assert_eq!(reason(response), "capture_exceeds_authorization");
    }
    assert_eq!(service.executed("capture").await, 16);
    other.stop().await;
    service.stop_consistent().await;
}

#[tokio::test]
async fn concurrent_refunds_never_exceed_charge() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    let charge = service.charged("charge", 1000).await;
    let refunds = (0..50).map(async |n| {
        let service = if n % 2 == 0 { &service } else { &other };
        // Every fifth request refunds the remaining amount.
        let amount = (n % 5 != 0).then_some(30);
        service.refund(&format!("refund {n}"), &charge, amount).await
    });
    let responses = join_all(refunds).await;
    let refunded: i64 = responses
        .iter()
        .flatten()
        .map(|response| {
            response.transaction.as_ref().unwrap().amount.as_ref().unwrap().amount_cents
        })
        .sum();
    assert_eq!(refunded, 1000);
    for response in responses.into_iter().filter(Result::is_err) {
        assert_eq!(reason(response), "refund_exceeds_capture");
    }
    assert_eq!(service.status(&charge).await, Status::Refunded);
    other.stop().await;
    service.stop_consistent().await;
}

#[tokio::test]
async fn concurrent_requests_with_one_key_execute_once() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    let replica = |n: usize| if n.is_multiple_of(2) { &service } else { &other };
    let responses =
        join_all((0..20).map(async |n| replica(n).authorize("auth", "pm_test_visa", 100).await))
            .await;
    let ids: Vec<_> =
        responses.into_iter().map(|response| response.unwrap().authorization.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    let captures =
        join_all((0..20).map(async |n| replica(n).capture("capture", &ids[0], 100).await)).await;
    assert!(captures.into_iter().all(|response| response.unwrap().success));
    let charges =
        join_all((0..20).map(async |n| replica(n).charge("charge", "pm_test_visa", 100).await))
            .await;
    let charge = charges.into_iter().map(|response| response.unwrap().transaction.unwrap().id);
    let charge = charge.reduce(|a, b| if a == b { a } else { format!("{a} and {b}") }).unwrap();
    let refunds =
        join_all((0..20).map(async |n| replica(n).refund("refund", &charge, None).await)).await;
    assert!(refunds.into_iter().all(|response| response.unwrap().success));
    for operation in ["authorize", "capture", "charge", "refund"] {
        assert_eq!(service.executed(operation).await, 1, "{operation}");
    }
    other.stop().await;
    service.stop_consistent().await;
}

#[tokio::test]
async fn concurrent_capture_and_void_end_in_exactly_one() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    for n in 0..20 {
        let authorization = service.authorized(&format!("auth {n}"), 100).await;
        let key = format!("key {n}");
        let (capture, void) = tokio::join!(
            service.capture(&key, &authorization, 100),
            other.void(&key, &authorization)
        );
        match (&capture, &void) {
            (Ok(capture), Err(void)) => {
                assert!(capture.success);
                // The void was refused, or the outcome of the capture was not known yet.
                assert!(matches!(void.code(), Code::FailedPrecondition | Code::Aborted));
            }
            (Err(_), Ok(())) => assert_eq!(reason(capture), "authorization_voided"),
            both => panic!("{both:?}"),
        }
    }
    other.stop().await;
    service.stop_consistent().await;
}

#[tokio::test]
async fn concurrent_authorize_and_void_by_key_end_voided() {
    let database = testing::database(&payment::MIGRATOR).await;
    let (service, other) = (
        PaymentFixture::start(database.pool()).await,
        PaymentFixture::start_replica(database.pool()).await,
    );
    for n in 0..20 {
        let key = format!("key {n}");
        let (authorization, void) =
            tokio::join!(service.authorize(&key, "pm_test_visa", 100), other.void_key(&key, &key));
        void.unwrap();
        if authorization.is_err() {
            assert_eq!(reason(authorization), "authorization_voided");
        }
        let late = service.authorize(&key, "pm_test_visa", 100).await;
        assert_eq!(reason(late), "authorization_voided");
    }
    assert_eq!(service.executed("void").await, service.executed("authorize").await);
    other.stop().await;
    service.stop_consistent().await;
}
