//! What the database keeps of a card: nothing of its CVV, and of its number only the last four
//! digits once the card is saved.

use std::sync::LazyLock;

use proto::payment::v1 as pb;
use sqlx::migrate::Migrator;

use crate::fixture::{PaymentFixture, card, reason, user};

const VISA: &str = "4242424242424242";
/// Another Visa card with the same last four digits.
const SAME_LAST_FOUR: &str = "4000000000024242";
const OTHER: &str = "4000000000000002";

/// Migrations of the release that kept whole fingerprints.
static WHOLE_FINGERPRINTS: LazyLock<Migrator> = LazyLock::new(|| {
    Migrator::with_migrations(payment::MIGRATOR.iter().take(4).cloned().collect())
});

fn card_with_key(number: &str) -> pb::AddPaymentMethodRequest {
    pb::AddPaymentMethodRequest { idempotency_key: "key".into(), ..card(number) }
}

impl PaymentFixture {
    async fn fingerprints(&self) -> Vec<Vec<u8>> {
        let select = "SELECT fingerprint FROM method_requests ORDER BY key";
        sqlx::query_scalar(select).fetch_all(&self.pool).await.unwrap()
    }
}

#[tokio::test]
async fn fingerprint_of_saved_card_is_one_byte() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let first = service.add_method(card_with_key(VISA)).await.unwrap();
    assert_eq!(service.fingerprints().await, [[0]]);
    // The two numbers can no longer be distinguished.
    let same = service.add_method(card_with_key(SAME_LAST_FOUR)).await.unwrap();
    assert_eq!(same.id, first.id);
    assert_eq!(reason(service.add_method(card_with_key(OTHER)).await), "idempotency_key_reused");
    service.stop().await;
}

#[tokio::test]
async fn unfinished_request_is_deleted_after_an_hour() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    service.add_method(card_with_key(VISA)).await.unwrap();
    let finished = pb::AddPaymentMethodRequest { idempotency_key: "2".into(), ..card(VISA) };
    service.add_method(finished).await.unwrap();
    service.execute_sql("UPDATE method_requests SET method_id = NULL WHERE key = 'key'").await;
    service.advance_secs(3601);
    let keys = async || -> Vec<String> {
        let select = "SELECT key FROM method_requests ORDER BY key";
        sqlx::query_scalar(select).fetch_all(&service.pool).await.unwrap()
    };
    let swept = async {
        while keys().await != ["2"] {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let timeout = std::time::Duration::from_secs(20);
    tokio::time::timeout(timeout, swept).await.expect("the sweep deletes the request");
    service.stop().await;
}

#[tokio::test]
async fn old_request_in_progress_keeps_its_row() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    for key in ["finished", "leased", "released"] {
        let request = pb::AddPaymentMethodRequest { idempotency_key: key.into(), ..card(VISA) };
        service.add_method(request).await.unwrap();
    }
    // A retry of an old request has taken over the lease, for an hour.
    let old = "UPDATE method_requests SET method_id = NULL WHERE key <> 'finished'";
    service.execute_sql(old).await;
    let lease = "UPDATE method_requests SET busy_until = busy_until + interval '1 h'
        WHERE key = 'leased'";
    service.execute_sql(lease).await;
    let keys = async || -> Vec<String> {
        let select = "SELECT key FROM method_requests ORDER BY key";
        sqlx::query_scalar(select).fetch_all(&service.pool).await.unwrap()
    };
    let wait_for_keys = async |expected: &[&str]| {
        let swept = async {
            while keys().await != expected {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let timeout = std::time::Duration::from_secs(20);
        tokio::time::timeout(timeout, swept).await.expect("a sweep");
    };
    service.advance_secs(3601);
    wait_for_keys(&["finished", "leased"]).await;
    service.advance_secs(3601);
    wait_for_keys(&["finished"]).await;
    service.stop().await;
}

#[tokio::test]
async fn stored_fingerprints_are_reduced_by_migration_and_previous_release() {
    let database = testing::database(&WHOLE_FINGERPRINTS).await;
    let pool = database.pool();
    let method = "6f1b6a52-6b0e-4e3a-9d0c-000000000001";
    for statement in [
        format!("INSERT INTO customers VALUES ('{}')", user(1)),
        format!(
            "INSERT INTO payment_methods (id, user_id, provider, token, brand, last_four,
                 exp_month, exp_year, is_default, created_at)
             VALUES ('{method}', '{}', 'simulator', 't', 'visa', '4242', 12, 2030, true,
                 '2026-03-01T12:00:00Z')",
            user(1)
        ),
        format!(
            "INSERT INTO method_requests (user_id, key, fingerprint, id, method_id, busy_until,
                 created_at)
             VALUES ('{0}', 'key', sha256('number and cvv'), gen_random_uuid(), '{method}',
                 '2026-03-01T12:00:00Z', '2026-03-01T12:00:00Z'),
                 ('{0}', 'rollout', sha256('number and cvv'), gen_random_uuid(), NULL,
                 '2026-03-01T12:00:00Z', '2026-03-01T12:00:00Z')",
            user(1)
        ),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
    }
    payment::MIGRATOR.run(pool).await.unwrap();
    let service = PaymentFixture::start(pool).await;
    // The previous release saves a card during the rollout.
    let finish = "UPDATE method_requests SET method_id = (SELECT id FROM payment_methods)
        WHERE key = 'rollout'";
    service.execute_sql(finish).await;
    assert_eq!(service.fingerprints().await, [Vec::<u8>::new(), Vec::new()]);
    assert_eq!(service.add_method(card_with_key(VISA)).await.unwrap().id, method);
    assert_eq!(reason(service.add_method(card_with_key(OTHER)).await), "idempotency_key_reused");
    service.stop().await;
}
