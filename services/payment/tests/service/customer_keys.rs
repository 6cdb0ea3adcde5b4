//! Scope of idempotency keys: each customer has their own keys.

use std::sync::LazyLock;

use proto::payment::v1::{self as pb, TransactionStatus as Status};
use sqlx::migrate::Migrator;
use tonic::Code;

use crate::fixture::{PaymentFixture, authorize_request, code, fields, order, reason, user};

/// Migrations of the release in which idempotency keys were global.
static GLOBAL_KEYS: LazyLock<Migrator> = LazyLock::new(|| {
    Migrator::with_migrations(payment::MIGRATOR.iter().take(3).cloned().collect())
});

/// Authorizes with the statement of the previous release, which names no customer of the key.
const PREVIOUS_AUTHORIZE: &str = "WITH key AS (
        INSERT INTO idempotency_keys (operation, key, request, transaction_id, created_at)
        VALUES ('authorize', $1, 'order ' || $2 || ' user ' || $3
            || ' method pm_test_visa amount 1.00 USD', $4::uuid, now())
        ON CONFLICT DO NOTHING RETURNING key)
    INSERT INTO transactions (id, kind, state, order_id, user_id, payment_method_id, token,
        provider, idempotency_key, amount_cents, currency, expires_at, due_at, created_at)
    SELECT $4::uuid, 'authorization', 'open', $2::uuid, $3::uuid, 'pm_test_visa', 'pm_test_visa',
        'simulator', key, 100, 'USD', now() + interval '7 days', now() + interval '1 day', now()
    FROM key";

/// Voids an authorization that has not arrived, with the statement of the previous release.
const PREVIOUS_TOMBSTONE: &str = "INSERT INTO idempotency_keys
        (operation, key, request, transaction_id, refusal, created_at)
    VALUES ('authorize', $1, NULL, NULL, 'authorization_voided', now()) ON CONFLICT DO NOTHING";

impl PaymentFixture {
    async fn authorize_for(&self, customer: u128, key: &str) -> Result<String, tonic::Status> {
        let request = pb::AuthorizeRequest {
            user_id: user(customer),
            order_id: order(customer),
            ..authorize_request(key, "pm_test_visa", 100)
        };
        let response = self.client.clone().authorize(request).await?.into_inner();
        Ok(response.authorization.unwrap().id)
    }

    /// Voids by the key of the authorization; without a customer, as the previous release does.
    async fn void_for(
        &self,
        customer: Option<u128>,
        key: &str,
        authorize_key: &str,
    ) -> Result<(), tonic::Status> {
        let request = pb::VoidRequest {
            idempotency_key: key.into(),
            authorize_key: authorize_key.into(),
            user_id: customer.map(user).unwrap_or_default(),
            ..Default::default()
        };
        self.client.clone().void(request).await.map(|_| ())
    }

    /// Executes [`PREVIOUS_AUTHORIZE`]; returns whether the key was new.
    async fn previous_authorize(&self, customer: u128, key: &str, id: &str) -> bool {
        let authorize = sqlx::query(PREVIOUS_AUTHORIZE).bind(key).bind(order(customer));
        let authorize = authorize.bind(user(customer)).bind(id);
        authorize.execute(&self.pool).await.unwrap().rows_affected() == 1
    }

    /// Executes [`PREVIOUS_TOMBSTONE`]; returns whether the key was new.
    async fn previous_tombstone(&self, key: &str) -> bool {
        let tombstone = sqlx::query(PREVIOUS_TOMBSTONE).bind(key);
        tombstone.execute(&self.pool).await.unwrap().rows_affected() == 1
    }
}

#[tokio::test]
async fn customers_use_the_same_keys_independently() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let mut ids = Vec::new();
    for customer in [1, 2] {
        let authorization = service.authorize_for(customer, "key").await.unwrap();
        assert_eq!(service.authorize_for(customer, "key").await.unwrap(), authorization);
        let capture = service.capture("key", &authorization, 60).await.unwrap();
        assert_eq!(service.capture("key", &authorization, 60).await.unwrap(), capture);
        let capture = capture.transaction.unwrap().id;
        let refund = service.refund("key", &capture, Some(10)).await.unwrap();
        assert_eq!(service.refund("key", &capture, Some(10)).await.unwrap(), refund);
        let charge = pb::ChargeRequest {
            user_id: user(customer),
            order_id: order(customer),
            payment_method_id: "pm_test_visa".into(),
            amount: authorize_request("", "", 7).amount,
            idempotency_key: "key".into(),
        };
        assert!(service.client.clone().charge(charge).await.unwrap().into_inner().success);
        ids.extend([authorization, capture, refund.transaction.unwrap().id]);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    for operation in ["authorize", "capture", "refund", "charge"] {
        assert_eq!(service.executed(operation).await, 2, "{operation}");
    }
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_by_key_affects_only_its_customer() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let first = service.authorize_for(1, "key").await.unwrap();
    let second = service.authorize_for(2, "key").await.unwrap();
    // Nobody's authorization is voided when the customer is unclear.
    assert_eq!(fields(service.void_for(None, "void", "key").await), ["user_id"]);
    service.void_for(Some(2), "void", "key").await.unwrap();
    service.void_for(Some(2), "void", "key").await.unwrap();
    service.void_for(Some(3), "void", "key").await.unwrap();
    assert_eq!(service.status(&first).await, Status::Authorized);
    assert_eq!(service.status(&second).await, Status::Voided);
    assert_eq!(reason(service.authorize_for(3, "key").await), "authorization_voided");
    assert!(service.authorize_for(4, "key").await.is_ok());
    let foreign = pb::VoidRequest {
        authorization_id: first.clone(),
        idempotency_key: "void".into(),
        user_id: user(2),
        ..Default::default()
    };
    assert_eq!(code(service.client.clone().void(foreign).await), Code::NotFound);
    assert_eq!(service.status(&first).await, Status::Authorized);
    service.stop_consistent().await;
}

#[tokio::test]
async fn void_without_customer_refuses_key_to_every_customer() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for _ in 0..2 {
        service.void_for(None, "void", "late").await.unwrap();
        // The retry after the upgrade of the caller.
        service.void_for(Some(1), "void", "late").await.unwrap();
        for customer in [1, 2] {
            let late = service.authorize_for(customer, "late").await;
            assert_eq!(reason(late), "authorization_voided");
        }
    }
    let authorization = service.authorize_for(1, "early").await.unwrap();
    service.void_for(None, "void early", "early").await.unwrap();
    assert_eq!(service.status(&authorization).await, Status::Voided);
    assert!(service.authorize_for(2, "early").await.is_ok(), "the key of another customer");
    service.stop_consistent().await;
}

/// Either the void finds the authorization, or the authorization finds the void.
#[tokio::test]
async fn concurrent_void_without_customer_leaves_no_authorization() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for n in 0..30 {
        let (key, void) = (format!("key {n}"), format!("void {n}"));
        let (authorized, voided) =
            tokio::join!(service.authorize_for(1, &key), service.void_for(None, &void, &key));
        // A void that meets an open authorization is retried, as by its caller.
        if voided.is_err() {
            service.void_for(None, &void, &key).await.unwrap();
        }
        if let Ok(id) = authorized {
            assert_eq!(service.status(&id).await, Status::Voided, "{key}");
        }
    }
    service.stop_consistent().await;
}

#[tokio::test]
async fn previous_release_and_this_one_share_keys_during_rollout() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    // A retry on the other release does not execute a request again.
    let old = order(500);
    assert!(service.previous_authorize(1, "old first", &old).await);
    assert_eq!(service.authorize_for(1, "old first").await.unwrap(), old);
    let new = service.authorize_for(1, "new first").await.unwrap();
    assert_ne!(new, old);
    assert!(!service.previous_authorize(1, "new first", &order(501)).await);
    assert!(service.previous_authorize(2, "new first", &order(502)).await);

    // A tombstone of either release refuses the authorization on the other.
    assert!(service.previous_tombstone("old void").await);
    assert_eq!(reason(service.authorize_for(1, "old void").await), "authorization_voided");
    service.void_for(Some(1), "void", "new void").await.unwrap();
    assert!(!service.previous_authorize(1, "new void", &order(503)).await);
    service.void_for(None, "void 2", "any void").await.unwrap();
    assert!(!service.previous_authorize(1, "any void", &order(504)).await);
    assert!(!service.previous_tombstone("new first").await, "the authorization is found");
    service.stop().await;
}

#[tokio::test]
async fn migration_gives_stored_keys_to_their_customers() {
    let database = testing::database(&GLOBAL_KEYS).await;
    let pool = database.pool();
    let id = order(500);
    let authorize = sqlx::query(PREVIOUS_AUTHORIZE).bind("key").bind(order(1)).bind(user(1));
    authorize.bind(&id).execute(pool).await.unwrap();
    sqlx::query(PREVIOUS_TOMBSTONE).bind("voided").execute(pool).await.unwrap();
    let refused = "INSERT INTO idempotency_keys (operation, key, request, refusal, created_at)
        VALUES ('capture', 'key', 'authorization ' || $1 || ' amount 999.00 USD',
            'capture_exceeds_authorization', now())";
    sqlx::query(refused).bind(&id).execute(pool).await.unwrap();
    payment::MIGRATOR.run(pool).await.unwrap();

    let service = PaymentFixture::start(pool).await;
    assert_eq!(service.authorize_for(1, "key").await.unwrap(), id);
    let other = service.authorize_for(2, "key").await.unwrap();
    assert_ne!(other, id);
    assert_eq!(reason(service.capture("key", &id, 1).await), "idempotency_key_reused");
    assert!(service.capture("key", &other, 1).await.unwrap().success);
    for customer in [1, 2] {
        let late = service.authorize_for(customer, "voided").await;
        assert_eq!(reason(late), "authorization_voided");
    }
    service.stop().await;
}
