//! Voids of authorizations, for every order in which the requests arrive.

use proto::payment::v1::{self as pb, TransactionStatus as Status};
use tonic::Code;

use crate::fixture::{PaymentFixture, authorize_request, code, fields, order, reason, user};

#[tokio::test]
async fn repeated_voids_release_authorization_once() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    service.void("void", &authorization).await.unwrap();
    service.void("void", &authorization).await.unwrap();
    service.void("another", &authorization).await.unwrap();
    service.void_key("by key", "auth").await.unwrap();
    assert_eq!(service.status(&authorization).await, Status::Voided);
    assert_eq!(service.executed("void").await, 1);
    let expected = [
        (pb::TransactionType::Authorization, Status::Voided),
        (pb::TransactionType::Void, Status::Succeeded),
    ];
    assert_eq!(service.list_by_order(&order(1)).await, expected);
    assert_eq!(reason(service.capture("capture", &authorization, 1).await), "authorization_voided");
    let repeat = service.authorize("auth", "pm_test_visa", 100).await;
    assert_eq!(reason(repeat), "authorization_voided");
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_of_captured_authorization_is_refused() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    service.capture("capture", &authorization, 1).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reason(service.void("void", &authorization).await), "authorization_captured");
        assert_eq!(reason(service.void_key("void 2", "auth").await), "authorization_captured");
    }
    assert!(service.capture("capture 2", &authorization, 99).await.unwrap().success);
    assert_eq!(service.executed("void").await, 0);
    service.stop_consistent().await;
}

#[tokio::test]
async fn authorization_after_its_void_is_refused() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    service.void_key("void", "auth").await.unwrap();
    service.void_key("void", "auth").await.unwrap();
    service.void_key("void 2", "auth").await.unwrap();
    for method in ["pm_test_visa", "pm_test_visa", "pm_test_declined"] {
        let late = service.authorize("auth", method, 100).await;
        assert_eq!(reason(late), "authorization_voided");
    }
    assert!(service.list_by_order(&order(1)).await.is_empty());
    assert_eq!(service.executed("authorize").await, 0);
    // A refused void leaves no tombstone for the key that it names.
    assert_eq!(reason(service.void_key("void", "other").await), "idempotency_key_reused");
    assert!(service.authorize("other", "pm_test_visa", 100).await.unwrap().success);
    // Charges have their own idempotency keys.
    assert!(service.charge("auth", "pm_test_visa", 100).await.unwrap().success);
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_by_key_releases_authorization() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    service.void_key("void", "auth").await.unwrap();
    assert_eq!(service.status(&authorization).await, Status::Voided);
    let late = service.authorize("auth", "pm_test_visa", 100).await;
    assert_eq!(reason(late), "authorization_voided");
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_settles_open_authorization_first() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for (n, method) in ["pm_test_timeout", "pm_test_lost_reply"].into_iter().enumerate() {
        let (key, void) = (format!("auth {n}"), format!("void {n}"));
        service.abandon_authorize(&key, method).await;
        service.void_key(&void, &key).await.unwrap();
        let late = service.authorize(&key, method, 100).await;
        assert_eq!(reason(late), "authorization_voided");
    }
    assert_eq!(service.executed("authorize").await, 2);
    assert_eq!(service.executed("void").await, 2);
    service.stop_consistent().await;
}

#[tokio::test]
async fn late_authorization_after_void_does_not_succeed() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let mut client = service.client.clone();
    // Waits for the provider while the void is requested.
    let pending = tokio::spawn(async move {
        client.authorize(authorize_request("auth", "pm_test_timeout", 100)).await
    });
    while service.executed("authorize").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    service.void_key("void", "auth").await.unwrap();
    assert_eq!(code(pending.await.unwrap()), Code::DeadlineExceeded);
    let late = service.authorize("auth", "pm_test_timeout", 100).await;
    assert_eq!(reason(late), "authorization_voided");
    assert_eq!(service.executed("void").await, 1);
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_of_declined_authorization_does_nothing() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let declined = service.authorize("auth", "pm_test_declined", 100).await.unwrap();
    let id = declined.authorization.clone().unwrap().id;
    service.void("void", &id).await.unwrap();
    service.void_key("void 2", "auth").await.unwrap();
    assert_eq!(service.authorize("auth", "pm_test_declined", 100).await.unwrap(), declined);
    assert_eq!(service.status(&id).await, Status::Failed);
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_with_mismatched_id_and_key_is_invalid() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let authorization = service.authorized("auth", 100).await;
    let both = |authorize_key: &str| pb::VoidRequest {
        authorization_id: authorization.clone(),
        idempotency_key: "void".into(),
        authorize_key: authorize_key.into(),
        user_id: user(1),
    };
    let mut client = service.client.clone();
    assert_eq!(fields(client.void(both("other")).await), ["authorize_key"]);
    client.void(both("auth")).await.unwrap();
    assert_eq!(service.status(&authorization).await, Status::Voided);
    service.stop_consistent().await;
}
