//! On a real PostgreSQL: who may carry a flow on, and whose outcome counts.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use kit::Env;
use sqlx::PgPool;

use super::*;
use crate::{
    domain::{call::Receipt, checkout::Step, event::By, fixtures},
    store::orders::Asked,
    transactions::New,
};

/// The records of a process, by a clock that stands.
fn records(pool: &PgPool) -> Records {
    let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    let step_deadline = SignedDuration::from_secs(120);
    Records { pool: pool.clone(), env: Env::fixed(start, 1), step_deadline }
}

async fn ordered(records: &Records) -> OrderId {
    let asked = Asked { key: None, fingerprint: Vec::new() };
    let new = New { order: fixtures::order(), asked };
    records.create(&new).await.unwrap().id()
}

fn done() -> Outcome {
    Outcome::Done(Receipt("receipt".into()))
}

async fn step(records: &Records, order: OrderId) -> Step {
    let mut conn = records.pool.acquire().await.unwrap();
    store::checkouts::find(&mut conn, order).await.unwrap().unwrap().0.step
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn of_many_drivers_one_has_a_flow_until_its_lease_ends(pool: PgPool) {
    let records = records(&pool);
    let order = ordered(&records).await;
    let claims = || join_all((0..8).map(|_| records.claim(Kind::Checkout, None)));
    let count = |claims: Vec<Result<Option<Claimed>, Error>>| {
        claims.into_iter().filter(|claim| claim.as_ref().unwrap().is_some()).count()
    };
    assert_eq!(count(claims().await), 1);
    records.env.advance(SignedDuration::from_secs(14));
    assert_eq!(count(claims().await), 0);
    records.env.advance(SignedDuration::from_secs(1));
    assert_eq!(count(claims().await), 1);
    assert_eq!(step(&records, order).await, Step::Reserve);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_outcome_of_a_lost_lease_is_dropped(pool: PgPool) {
    let records = records(&pool);
    let order = ordered(&records).await;
    let asleep = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
    records.env.advance(SignedDuration::from_secs(16));
    let awake = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();

    assert_eq!(records.settle(&asleep, &done()).await.unwrap(), Settled::Lost);
    assert_eq!(step(&records, order).await, Step::Reserve);
    assert_eq!(records.settle(&awake, &done()).await.unwrap(), Settled::Kept(Vec::new()));
    assert_eq!(step(&records, order).await, Step::Authorize);
    assert_eq!(records.settle(&awake, &done()).await.unwrap(), Settled::Lost, "settled once");
    assert_eq!(step(&records, order).await, Step::Authorize);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_cancel_that_comes_during_a_call_is_seen_when_it_is_settled(pool: PgPool) {
    let records = records(&pool);
    let order = ordered(&records).await;
    let claimed = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
    records.cancel(order, None, By::system("changed my mind")).await.unwrap();
    records.settle(&claimed, &done()).await.unwrap();
    assert_eq!(step(&records, order).await, Step::Release);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_step_and_its_events_are_kept_together(pool: PgPool) {
    let records = records(&pool);
    let order = ordered(&records).await;
    for expected in [0, 0, 0, 1] {
        let claimed = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
        let Settled::Kept(events) = records.settle(&claimed, &done()).await.unwrap() else {
            panic!("the lease is ours")
        };
        assert_eq!(events.len(), expected);
    }
    let (paid, _) = records.read(order, None).await.unwrap();
    assert_eq!(paid.transaction.as_deref(), Some("receipt"));
    let message = records.claim(Kind::Message, Some(order)).await.unwrap().unwrap();
    assert!(matches!(message.flow, Flow::Message(_)));
    records.settle(&message, &done()).await.unwrap();
    let (paid, _) = records.read(order, None).await.unwrap();
    assert!(!paid.in_cart);
}
