//! Consistency of transactions under random sequences of requests, and detection of
//! inconsistencies.

use payment::ConsistencyReport;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use sqlx::PgPool;
use tonic::Code;

use crate::fixture::PaymentFixture;

/// Number of generated sequences of requests, and the length of the longest.
const SEQUENCES: u32 = 25;
const MAX_STEPS: usize = 25;

/// Time after which authorizations expire.
const TTL_SECS: i64 = 7 * 24 * 3600;

#[derive(Clone, Debug)]
enum Step {
    Authorize { method: &'static str, cents: i64 },
    Capture { index: usize, cents: i64 },
    Refund { index: usize, cents: Option<i64> },
    Void { index: usize },
    Wait { secs: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let method = prop::sample::select(vec![
        "pm_test_visa",
        "pm_test_visa",
        "pm_test_declined",
        "pm_test_lost_reply",
    ]);
    let cents = 1..100_i64;
    prop_oneof![
        3 => (method, cents.clone()).prop_map(|(method, cents)| Step::Authorize { method, cents }),
        5 => (0..9_usize, cents.clone()).prop_map(|(index, cents)| Step::Capture { index, cents }),
        4 => (0..9_usize, prop::option::of(cents))
            .prop_map(|(index, cents)| Step::Refund { index, cents }),
        2 => (0..9_usize).prop_map(|index| Step::Void { index }),
        1 => (1..TTL_SECS).prop_map(|secs| Step::Wait { secs }),
    ]
}

/// Expected state of an authorization.
struct Authorization {
    id: String,
    remaining_cents: i64,
    is_captured: bool,
    is_voided: bool,
    expires_at_secs: i64,
}

/// Reference model, which is updated with each step.
#[derive(Default)]
struct Model {
    authorizations: Vec<Authorization>,
    /// Captures, and the remaining amount of each.
    captures: Vec<(String, i64)>,
    now_secs: i64,
}

impl Model {
    /// Executes a step twice, as a caller that lost the response does, and compares the responses.
    async fn execute_twice(&mut self, service: &PaymentFixture, key: &str, step: &Step) {
        match *step {
            Step::Wait { secs } => {
                service.advance_secs(secs);
                self.now_secs += secs;
            }
            Step::Authorize { method, cents } => self.authorize(service, key, method, cents).await,
            Step::Capture { index, cents } => self.capture(service, key, index, cents).await,
            Step::Refund { index, cents } => self.refund(service, key, index, cents).await,
            Step::Void { index } => self.void(service, key, index).await,
        }
    }

    async fn authorize(&mut self, service: &PaymentFixture, key: &str, method: &str, cents: i64) {
        let first = service.authorize(key, method, cents).await;
        let retry = service.authorize(key, method, cents).await.unwrap();
        match first {
            Ok(first) => assert_eq!(first, retry),
            Err(lost) => {
                assert_eq!((lost.code(), method), (Code::Unavailable, "pm_test_lost_reply"));
            }
        }
        assert_eq!(retry.success, method != "pm_test_declined");
        if retry.success {
            self.authorizations.push(Authorization {
                id: retry.authorization.unwrap().id,
                remaining_cents: cents,
                is_captured: false,
                is_voided: false,
                expires_at_secs: self.now_secs + TTL_SECS,
            });
        }
    }

    async fn capture(&mut self, service: &PaymentFixture, key: &str, index: usize, cents: i64) {
        let Some(authorization) = self.authorizations.get_mut(index) else { return };
        let allowed = !authorization.is_voided
            && self.now_secs < authorization.expires_at_secs
            && cents <= authorization.remaining_cents;
        let first = service.capture(key, &authorization.id, cents).await;
        let retry = service.capture(key, &authorization.id, cents).await;
        assert_eq!(first.is_ok(), allowed, "{first:?}");
        assert_eq!(retry.is_ok(), allowed, "{retry:?}");
        if let Ok(first) = first {
            assert_eq!(first, retry.unwrap());
            authorization.remaining_cents -= cents;
            authorization.is_captured = true;
            self.captures.push((first.transaction.unwrap().id, cents));
        }
    }

    async fn refund(
        &mut self,
        service: &PaymentFixture,
        key: &str,
        index: usize,
        cents: Option<i64>,
    ) {
        let Some((id, remaining_cents)) = self.captures.get_mut(index) else { return };
        let refund_cents = cents.unwrap_or(*remaining_cents);
        let allowed = refund_cents > 0 && refund_cents <= *remaining_cents;
        let first = service.refund(key, id, cents).await;
        let retry = service.refund(key, id, cents).await;
        assert_eq!(first.is_ok(), allowed, "{first:?}");
        assert_eq!(retry.is_ok(), allowed, "{retry:?}");
        if let Ok(first) = first {
            assert_eq!(first.transaction.unwrap().amount.unwrap().amount_cents, refund_cents);
            *remaining_cents -= refund_cents;
        }
    }

    async fn void(&mut self, service: &PaymentFixture, key: &str, index: usize) {
        let Some(authorization) = self.authorizations.get_mut(index) else { return };
        for _ in 0..2 {
            let response = service.void(key, &authorization.id).await;
            assert_eq!(response.is_ok(), !authorization.is_captured, "{response:?}");
        }
        authorization.is_voided |= !authorization.is_captured;
    }

    /// Compares the sums in the provider's records with the model.
    async fn assert_provider_sums(&self, pool: &PgPool) {
        let (captured, refunded): (i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(amount_cents) FILTER (WHERE operation = 'capture'), 0)::bigint,
                 coalesce(sum(amount_cents) FILTER (WHERE operation = 'refund'), 0)::bigint
             FROM simulator_movements WHERE decline_code IS NULL",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        assert_eq!(
            captured - refunded,
            self.captures.iter().map(|(_, remaining_cents)| remaining_cents).sum::<i64>()
        );
    }
}

#[tokio::test]
async fn random_request_sequences_keep_balances_consistent() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let mut runner = TestRunner::new(Config::default());
    let steps = vec(step(), 1..MAX_STEPS);
    for sequence in 0..SEQUENCES {
        let steps = steps.new_tree(&mut runner).unwrap().current();
        // Shown when the test fails.
        println!("{steps:?}");
        service.execute_sql("TRUNCATE transactions, idempotency_keys, simulator_movements").await;
        let mut model = Model::default();
        for (n, step) in steps.iter().enumerate() {
            model.execute_twice(&service, &format!("{sequence}.{n}"), step).await;
        }
        model.assert_provider_sums(database.pool()).await;
        service.assert_consistent().await;
    }
    service.stop().await;
}

#[tokio::test]
async fn consistency_check_counts_each_inconsistency() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    let report =
        async || payment::check_consistency_at(database.pool(), service.env.now()).await.unwrap();
    let authorization = service.authorized("auth", 100).await;
    let capture =
        service.capture("capture", &authorization, 100).await.unwrap().transaction.unwrap().id;
    service.refund("refund", &capture, Some(60)).await.unwrap();
    assert!(report().await.is_consistent());

    service.execute_sql("UPDATE transactions SET amount_cents = 101 WHERE kind = 'capture'").await;
    let wrong = ConsistencyReport {
        captures_above_authorization: 1,
        sums_at_fault: 1,
        provider_disagreements: 1,
        ..ConsistencyReport::default()
    };
    assert_eq!(report().await, wrong);
    service.execute_sql("UPDATE transactions SET amount_cents = 100 WHERE kind = 'capture'").await;

    service.execute_sql("UPDATE transactions SET amount_cents = 101 WHERE kind = 'refund'").await;
    let wrong = ConsistencyReport {
        refunds_above_capture: 1,
        sums_at_fault: 1,
        provider_disagreements: 1,
        ..ConsistencyReport::default()
    };
    assert_eq!(report().await, wrong);
    service.execute_sql("UPDATE transactions SET amount_cents = 60 WHERE kind = 'refund'").await;

    service
        .execute_sql(
            "UPDATE transactions SET undone = true, state = 'voided' WHERE kind = 'authorization'",
        )
        .await;
    let wrong = ConsistencyReport {
        captured_and_voided: 1,
        provider_disagreements: 1,
        ..ConsistencyReport::default()
    };
    assert_eq!(report().await, wrong);
    service
        .execute_sql(
            "UPDATE transactions SET undone = false, state = 'done' WHERE kind = 'authorization'",
        )
        .await;

    service.execute_sql(
        "UPDATE simulator_movements SET decline_code = 'card_declined' WHERE operation = 'refund'",
    )
    .await;
    assert_eq!(
        report().await,
        ConsistencyReport { provider_disagreements: 1, ..ConsistencyReport::default() }
    );
    service.execute_sql("DELETE FROM simulator_movements WHERE operation = 'refund'").await;
    assert_eq!(
        report().await,
        ConsistencyReport { provider_disagreements: 1, ..ConsistencyReport::default() }
    );
    service.stop().await;
}

#[tokio::test]
async fn stale_intent_is_reported_and_exported_as_gauge() {
    let database = testing::database(&payment::MIGRATOR).await;
    let service = PaymentFixture::start(database.pool()).await;
    assert!(service.authorize("auth", "pm_test_lost_reply", 100).await.is_err());
    // A provider that is not configured any more: no worker can look the intent up.
    service.execute_sql("UPDATE transactions SET provider = 'gone'").await;
    service.execute_sql("DELETE FROM simulator_movements").await;
    service.advance_secs(601);
    let report = payment::check_consistency_at(database.pool(), service.env.now()).await.unwrap();
    assert_eq!(report, ConsistencyReport { stale_intents: 1, ..ConsistencyReport::default() });
    assert!(payment::check_consistency(database.pool()).await.unwrap().stale_intents <= 1);

    // A new process, whose gauges start empty. Different jobs set them.
    let replica = PaymentFixture::start_replica(database.pool()).await;
    for line in ["payment_open_intents 1", "payment_inconsistencies{kind=\"sums_at_fault\"} 0"] {
        let shown = async {
            while !replica.runtime.metrics().text().lines().any(|shown| shown == line) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), shown).await.expect(line);
    }
    replica.stop().await;
    service.stop().await;
}
