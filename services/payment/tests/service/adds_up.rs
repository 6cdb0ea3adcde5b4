//! Transactions add up, whatever is asked for; and when they do not, it is told.

use payment::Report;
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use sqlx::PgPool;
use tonic::Code;

use crate::shop::Shop;

/// Sequences of requests that are tried, and the longest.
const SEQUENCES: u32 = 25;
const MAX_STEPS: usize = 25;

/// After this time authorisations end.
const TTL_SECS: i64 = 7 * 24 * 3600;

#[derive(Clone, Debug)]
enum Step {
    Authorise { method: &'static str, cents: i64 },
    Capture { of: usize, cents: i64 },
    Refund { of: usize, cents: Option<i64> },
    Void { of: usize },
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
        3 => (method, cents.clone()).prop_map(|(method, cents)| Step::Authorise { method, cents }),
        5 => (0..9_usize, cents.clone()).prop_map(|(of, cents)| Step::Capture { of, cents }),
        4 => (0..9_usize, prop::option::of(cents))
            .prop_map(|(of, cents)| Step::Refund { of, cents }),
        2 => (0..9_usize).prop_map(|of| Step::Void { of }),
        1 => (1..TTL_SECS).prop_map(|secs| Step::Wait { secs }),
    ]
}

/// An authorisation as it must be.
struct Held {
    id: String,
    left: i64,
    is_captured: bool,
    is_voided: bool,
    ends_at: i64,
}

/// What must be true, step by step.
#[derive(Default)]
struct Model {
    held: Vec<Held>,
    /// Captures, and what is left of each.
    taken: Vec<(String, i64)>,
    now: i64,
}

impl Model {
    /// Takes a step twice, as a caller does who lost the answer, and compares.
    async fn take(&mut self, shop: &Shop, key: &str, step: &Step) {
        match *step {
            Step::Wait { secs } => {
                shop.later(secs);
                self.now += secs;
            }
            Step::Authorise { method, cents } => self.authorise(shop, key, method, cents).await,
            Step::Capture { of, cents } => self.capture(shop, key, of, cents).await,
            Step::Refund { of, cents } => self.refund(shop, key, of, cents).await,
            Step::Void { of } => self.void(shop, key, of).await,
        }
    }

    async fn authorise(&mut self, shop: &Shop, key: &str, method: &str, cents: i64) {
        let first = shop.authorize(key, method, cents).await;
        let again = shop.authorize(key, method, cents).await.unwrap();
        match first {
            Ok(first) => assert_eq!(first, again),
            Err(lost) => {
                assert_eq!((lost.code(), method), (Code::Unavailable, "pm_test_lost_reply"));
            }
        }
        assert_eq!(again.success, method != "pm_test_declined");
        if again.success {
            self.held.push(Held {
                id: again.authorization.unwrap().id,
                left: cents,
                is_captured: false,
                is_voided: false,
                ends_at: self.now + TTL_SECS,
            });
        }
    }

    async fn capture(&mut self, shop: &Shop, key: &str, of: usize, cents: i64) {
        let Some(held) = self.held.get_mut(of) else { return };
        let may = !held.is_voided && self.now < held.ends_at && cents <= held.left;
        let first = shop.capture(key, &held.id, cents).await;
        let again = shop.capture(key, &held.id, cents).await;
        assert_eq!(first.is_ok(), may, "{first:?}");
        assert_eq!(again.is_ok(), may, "{again:?}");
        if let Ok(first) = first {
            assert_eq!(first, again.unwrap());
            held.left -= cents;
            held.is_captured = true;
            self.taken.push((first.transaction.unwrap().id, cents));
        }
    }

    async fn refund(&mut self, shop: &Shop, key: &str, of: usize, cents: Option<i64>) {
        let Some((id, left)) = self.taken.get_mut(of) else { return };
        let back = cents.unwrap_or(*left);
        let may = back > 0 && back <= *left;
        let first = shop.refund(key, id, cents).await;
        let again = shop.refund(key, id, cents).await;
        assert_eq!(first.is_ok(), may, "{first:?}");
        assert_eq!(again.is_ok(), may, "{again:?}");
        if let Ok(first) = first {
            assert_eq!(first.transaction.unwrap().amount.unwrap().amount_cents, back);
            *left -= back;
        }
    }

    async fn void(&mut self, shop: &Shop, key: &str, of: usize) {
        let Some(held) = self.held.get_mut(of) else { return };
        for _ in 0..2 {
            let answer = shop.void(key, &held.id).await;
            assert_eq!(answer.is_ok(), !held.is_captured, "{answer:?}");
        }
        held.is_voided |= !held.is_captured;
    }

    /// What the provider holds of it all.
    async fn assert_sums(&self, pool: &PgPool) {
        let (taken, given): (i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(amount_cents) FILTER (WHERE operation = 'capture'), 0)::bigint,
                 coalesce(sum(amount_cents) FILTER (WHERE operation = 'refund'), 0)::bigint
             FROM simulator_movements WHERE decline_code IS NULL",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        assert_eq!(taken - given, self.taken.iter().map(|(_, left)| left).sum::<i64>());
    }
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn sums_hold_after_whatever_is_asked_for(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut runner = TestRunner::new(Config::default());
    let steps = vec(step(), 1..MAX_STEPS);
    for sequence in 0..SEQUENCES {
        let steps = steps.new_tree(&mut runner).unwrap().current();
        // Told when the test fails.
        println!("{steps:?}");
        shop.sql("TRUNCATE transactions, idempotency_keys, simulator_movements").await;
        let mut model = Model::default();
        for (n, step) in steps.iter().enumerate() {
            model.take(&shop, &format!("{sequence}.{n}"), step).await;
        }
        model.assert_sums(&pool).await;
        shop.assert_sound().await;
    }
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_does_not_add_up_is_told(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let report = async || payment::check_at(&pool, shop.env.now()).await.unwrap();
    let held = shop.held("auth", 100).await;
    let capture = shop.capture("capture", &held, 100).await.unwrap().transaction.unwrap().id;
    shop.refund("refund", &capture, Some(60)).await.unwrap();
    assert!(report().await.is_sound());

    shop.sql("UPDATE transactions SET amount_cents = 101 WHERE kind = 'capture'").await;
    let wrong = Report {
        captures_above_authorization: 1,
        sums_at_fault: 1,
        provider_disagreements: 1,
        ..Report::default()
    };
    assert_eq!(report().await, wrong);
    shop.sql("UPDATE transactions SET amount_cents = 100 WHERE kind = 'capture'").await;

    shop.sql("UPDATE transactions SET amount_cents = 101 WHERE kind = 'refund'").await;
    let wrong = Report {
        refunds_above_capture: 1,
        sums_at_fault: 1,
        provider_disagreements: 1,
        ..Report::default()
    };
    assert_eq!(report().await, wrong);
    shop.sql("UPDATE transactions SET amount_cents = 60 WHERE kind = 'refund'").await;

    shop.sql(
        "UPDATE transactions SET undone = true, state = 'voided' WHERE kind = 'authorization'",
    )
    .await;
    let wrong = Report { captured_and_voided: 1, provider_disagreements: 1, ..Report::default() };
    assert_eq!(report().await, wrong);
    shop.sql("UPDATE transactions SET undone = false, state = 'done' WHERE kind = 'authorization'")
        .await;

    shop.sql(
        "UPDATE simulator_movements SET decline_code = 'card_declined' WHERE operation = 'refund'",
    )
    .await;
    assert_eq!(report().await, Report { provider_disagreements: 1, ..Report::default() });
    shop.sql("DELETE FROM simulator_movements WHERE operation = 'refund'").await;
    assert_eq!(report().await, Report { provider_disagreements: 1, ..Report::default() });
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn an_intent_that_stays_open_is_told_and_shown(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    assert!(shop.authorize("auth", "pm_test_lost_reply", 100).await.is_err());
    // Of a provider that is none any more: no worker here can ask about it.
    shop.sql("UPDATE transactions SET provider = 'gone'").await;
    shop.sql("DELETE FROM simulator_movements").await;
    shop.later(601);
    let report = payment::check_at(&pool, shop.env.now()).await.unwrap();
    assert_eq!(report, Report { stale_intents: 1, ..Report::default() });
    assert!(payment::check(&pool).await.unwrap().stale_intents <= 1);

    // The gauges of a process that starts now.
    let replica = Shop::replica(&pool).await;
    let shown = async {
        while !replica.runtime.metrics().text().contains("\npayment_open_intents 1\n") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), shown).await.expect("the gauge");
    let text = replica.runtime.metrics().text();
    assert!(text.contains("payment_inconsistencies{kind=\"sums_at_fault\"} 0"), "{text}");
    replica.close().await;
    shop.close().await;
}
