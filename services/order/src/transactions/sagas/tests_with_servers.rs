//! Tests of leases and fencing tokens on a real PostgreSQL.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use kit::Env;
use sqlx::PgPool;

use super::*;
use crate::domain::call::Call;
use crate::domain::checkout::Step;
use crate::domain::event::Actor;
use crate::domain::fixtures;
use crate::domain::ids::{LineId, UserId};
use crate::domain::line::Line;
use crate::domain::number::OrderNumber;
use crate::domain::outcome::Receipt;
use crate::saga::{Participants, execute_step};
use crate::store::orders::RequestIdentity;
use crate::transactions::{Created, NewOrder};

/// Returns the repository of a process with a fixed clock.
fn repository(pool: &PgPool) -> OrderRepository {
    let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    let step_deadline = SignedDuration::from_secs(120);
    OrderRepository { pool: pool.clone(), env: Env::fixed(start, 1), step_deadline }
}

/// Creates an order and returns the claim of its first step.
async fn create_order(repository: &OrderRepository) -> ClaimedSaga {
    let identity = RequestIdentity { key: None, fingerprint: Vec::new() };
    let new = NewOrder { order: fixtures::order(), identity, last_left_cart: 0 };
    match repository.create(new).await.unwrap() {
        Created::New(claimed) => *claimed,
        Created::Existing(order) => panic!("order {order} is new"),
    }
}

fn done() -> Outcome {
    Outcome::Done(Receipt("receipt".into()))
}

/// Advances the process's clock, and ages the leases in the database by the same time.
async fn advance_time(repository: &OrderRepository, secs: i64) {
    repository.env.advance(SignedDuration::from_secs(secs));
    for table in ["checkouts", "refunds", "outbox"] {
        let sql =
            format!("UPDATE {table} SET lease_until = lease_until - make_interval(secs => {secs})");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&repository.pool).await.unwrap();
    }
}

async fn step(repository: &OrderRepository, order: OrderId) -> Step {
    let mut conn = repository.pool.acquire().await.unwrap();
    store::checkouts::find(&mut conn, order).await.unwrap().unwrap().0.step
}

/// Records `Done` and returns the events and the next step.
async fn record_done(
    repository: &OrderRepository,
    claimed: &ClaimedSaga,
    after_step: AfterStep,
) -> (Vec<Event>, Option<ClaimedSaga>) {
    match repository.record_outcome(claimed, &done(), after_step).await.unwrap() {
        Recorded::Committed { events, next } => (events, next.map(|next| *next)),
        Recorded::LeaseLost => panic!("the lease was lost"),
    }
}

#[tokio::test]
async fn one_executor_holds_a_saga_until_its_lease_expires() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let order = create_order(&repository).await.order.id;
    let claims = || join_all((0..8).map(|_| repository.claim(SagaKind::Checkout, None)));
    let count = |claims: Vec<Result<Option<ClaimedSaga>, Error>>| {
        claims.into_iter().filter(|claim| claim.as_ref().unwrap().is_some()).count()
    };
    assert_eq!(count(claims().await), 0, "the creator holds the claim");
    for _ in 0..2 {
        advance_time(&repository, 5).await;
        assert_eq!(count(claims().await), 0);
        advance_time(&repository, 10).await;
        assert_eq!(count(claims().await), 1);
    }
    assert_eq!(step(&repository, order).await, Step::Reserve);
}

/// Returns a claimed saga of a kind: a new checkout, a message of a paid order, or the cancellation
/// of a confirmed one.
async fn claim_saga(repository: &OrderRepository, kind: SagaKind) -> ClaimedSaga {
    let mut claimed = create_order(repository).await;
    let order = claimed.order.id;
    let steps = match kind {
        SagaKind::Checkout => return claimed,
        SagaKind::Cart => 4,
        SagaKind::Mail | SagaKind::Refund => 5,
    };
    for _ in 0..steps {
        match record_done(repository, &claimed, AfterStep::Continue).await.1 {
            Some(next) => claimed = next,
            None => assert_eq!(step(repository, order).await, Step::Confirmed),
        }
    }
    if kind == SagaKind::Refund {
        repository.cancel(order, None, Actor::system("changed my mind")).await.unwrap();
    }
    repository.claim(kind, None).await.unwrap().unwrap()
}

async fn assert_stale_claim_is_fenced(pool: PgPool, kind: SagaKind) {
    let repository = repository(&pool);
    let stale = claim_saga(&repository, kind).await;
    assert_eq!(repository.claim(kind, None).await.unwrap(), None, "still claimed");
    advance_time(&repository, 15).await;
    let current = repository.claim(kind, None).await.unwrap().unwrap();
    assert_eq!(repository.claim(kind, None).await.unwrap(), None, "claimed again");
    assert_eq!(current.saga.labels(), stale.saga.labels());

    for after_step in [AfterStep::Continue, AfterStep::Release] {
        assert_eq!(
            repository.record_outcome(&stale, &done(), after_step).await.unwrap(),
            Recorded::LeaseLost
        );
    }
    record_done(&repository, &current, AfterStep::Release).await;
    for expired_claim in [&current, &stale] {
        let reclaimed =
            repository.record_outcome(expired_claim, &done(), AfterStep::Continue).await.unwrap();
        assert_eq!(reclaimed, Recorded::LeaseLost, "recorded once");
    }
}

#[tokio::test]
async fn checkout_outcome_after_lost_lease_is_dropped() {
    let database = testing::database(&crate::MIGRATOR).await;
    let pool = database.pool().clone();
    assert_stale_claim_is_fenced(pool, SagaKind::Checkout).await;
}

#[tokio::test]
async fn refund_outcome_after_lost_lease_is_dropped() {
    let database = testing::database(&crate::MIGRATOR).await;
    let pool = database.pool().clone();
    assert_stale_claim_is_fenced(pool, SagaKind::Refund).await;
}

#[tokio::test]
async fn cart_message_outcome_after_lost_lease_is_dropped() {
    let database = testing::database(&crate::MIGRATOR).await;
    let pool = database.pool().clone();
    assert_stale_claim_is_fenced(pool, SagaKind::Cart).await;
}

#[tokio::test]
async fn mail_outcome_after_lost_lease_is_dropped() {
    let database = testing::database(&crate::MIGRATOR).await;
    let pool = database.pool().clone();
    assert_stale_claim_is_fenced(pool, SagaKind::Mail).await;
}

#[tokio::test]
async fn implausible_due_time_counts_as_due() {
    let database = testing::database(&crate::MIGRATOR).await;
    for (kind, max_backoff_secs) in [
        (SagaKind::Checkout, 15),
        (SagaKind::Refund, 300),
        (SagaKind::Cart, 300),
        (SagaKind::Mail, 300),
    ] {
        let correct = repository(database.pool());
        let fast = repository(database.pool());
        let saga = claim_saga(&correct, kind).await;
        let no_response = Outcome::Unknown("no response".into());
        // The due time is too late by as much as that clock is ahead.
        fast.env.advance(SignedDuration::from_secs(max_backoff_secs + 16));
        fast.record_outcome(&saga, &no_response, AfterStep::Release).await.unwrap();
        let reclaimed = correct.claim(kind, None).await.unwrap();
        assert!(reclaimed.is_some(), "a {} waits", kind.as_str());

        // Processes with slightly skewed clocks do not take sagas from each other.
        let skewed = repository(database.pool());
        skewed.env.advance(SignedDuration::from_secs(-5));
        assert_eq!(skewed.claim(kind, None).await.unwrap(), None);
        sqlx::query("TRUNCATE orders CASCADE").execute(database.pool()).await.unwrap();
    }
}

#[tokio::test]
async fn outcome_and_claim_of_the_next_step_commit_together() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let first = create_order(&repository).await;
    let order = first.order.id;
    let second = record_done(&repository, &first, AfterStep::Continue).await.1.unwrap();
    let Saga::Checkout(checkout) = &second.saga else { panic!("a checkout stays one") };
    assert_eq!((checkout.step, checkout.attempts), (Step::Authorize, 1));
    assert!(second.version > first.version);
    assert_eq!(
        repository.claim(SagaKind::Checkout, Some(order)).await.unwrap(),
        None,
        "still leased"
    );

    // This claim expires like any other.
    advance_time(&repository, 15).await;
    let second_claim = repository.claim(SagaKind::Checkout, Some(order)).await.unwrap().unwrap();
    let Saga::Checkout(checkout) = &second_claim.saga else { panic!("a checkout stays one") };
    assert_eq!((checkout.step, checkout.attempts), (Step::Authorize, 2));
    assert_eq!(
        repository.record_outcome(&second, &done(), AfterStep::Continue).await.unwrap(),
        Recorded::LeaseLost
    );

    // A retried step is not leased, and a released saga can be claimed at once.
    let unknown = Outcome::Unknown("no response".into());
    let retry =
        repository.record_outcome(&second_claim, &unknown, AfterStep::Continue).await.unwrap();
    assert_eq!(retry, Recorded::Committed { events: Vec::new(), next: None });
    assert_eq!(repository.claim(SagaKind::Checkout, Some(order)).await.unwrap(), None);
    advance_time(&repository, 60).await;
    let reclaimed = repository.claim(SagaKind::Checkout, Some(order)).await.unwrap().unwrap();
    assert_eq!(record_done(&repository, &reclaimed, AfterStep::Release).await.1, None);
    let third = repository.claim(SagaKind::Checkout, Some(order)).await.unwrap().unwrap();
    assert_eq!(third.saga.labels().1, "commit_stock");
}

#[tokio::test]
async fn cancel_during_a_call_is_seen_when_the_outcome_is_recorded() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let claimed = create_order(&repository).await;
    let order = claimed.order.id;
    repository.cancel(order, None, Actor::system("changed my mind")).await.unwrap();
    let compensation = record_done(&repository, &claimed, AfterStep::Continue).await.1.unwrap();
    assert_eq!(step(&repository, order).await, Step::Release);
    let (events, next) = record_done(&repository, &compensation, AfterStep::Continue).await;
    assert!(matches!(
        &events[..],
        [Event::Cancelled { failure: None, actor }] if actor.reason == "changed my mind"
    ));
    assert_eq!((next, step(&repository, order).await), (None, Step::Cancelled));
}

#[tokio::test]
async fn cancel_during_a_call_does_not_revive_a_lost_lease() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let stale = create_order(&repository).await;
    let order = stale.order.id;
    advance_time(&repository, 16).await;
    repository.claim(SagaKind::Checkout, Some(order)).await.unwrap().unwrap();
    repository.cancel(order, None, Actor::system("changed my mind")).await.unwrap();
    assert_eq!(
        repository.record_outcome(&stale, &done(), AfterStep::Continue).await.unwrap(),
        Recorded::LeaseLost
    );
    assert_eq!(step(&repository, order).await, Step::Reserve);
}

#[tokio::test]
async fn step_and_its_events_commit_together() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let mut claimed = create_order(&repository).await;
    let order = claimed.order.id;
    for expected in [0, 0, 0, 1] {
        let (events, next) = record_done(&repository, &claimed, AfterStep::Continue).await;
        assert_eq!(events.len(), expected);
        claimed = next.unwrap();
    }
    assert_eq!(claimed.order.transaction.as_deref(), Some("receipt"), "the event is applied");
    let (paid, _) = repository.read(order, None).await.unwrap();
    assert_eq!(paid, claimed.order);
    let message = repository.claim(SagaKind::Cart, Some(order)).await.unwrap().unwrap();
    assert!(matches!(message.saga, Saga::Message(_)));
    assert_eq!(record_done(&repository, &message, AfterStep::Continue).await.1, None);
    let (paid, _) = repository.read(order, None).await.unwrap();
    assert!(!paid.in_cart);
}

#[tokio::test]
async fn order_of_a_cart_emptied_since_it_was_read_is_not_created() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let cart_message = claim_saga(&repository, SagaKind::Cart).await;
    record_done(&repository, &cart_message, AfterStep::Release).await;
    let id = OrderId(uuid::Uuid::from_u128(30));
    let number = OrderNumber::from_random([1; 10]);
    let order = Order { id, number, cart_version: 8, ..fixtures::order() };
    let order = Order {
        lines: order.lines.iter().map(|line| Line { id: LineId(id.0), ..line.clone() }).collect(),
        ..order
    };
    let identity = RequestIdentity { key: None, fingerprint: Vec::new() };
    let prior = repository.find_existing(order.user, &identity, Some(8)).await.unwrap();
    let stale = NewOrder { order, identity, last_left_cart: 0 };
    assert!(matches!(repository.create(stale.clone()).await, Err(Error::CartChanged)));
    assert!(
        matches!(repository.read(id, None).await, Err(Error::NotFound(_))),
        "the transaction was rolled back"
    );
    let fresh = NewOrder { last_left_cart: prior.last_left_cart, ..stale };
    assert!(matches!(repository.create(fresh).await, Ok(Created::New(_))));
}

/// Returns a new order of another customer with this number.
fn new_order_with_number(number: OrderNumber) -> NewOrder {
    let (id, user) = (uuid::Uuid::from_u128(40), UserId(uuid::Uuid::from_u128(41)));
    let order = fixtures::order();
    let lines = order.lines.iter().map(|line| Line { id: LineId(id), ..line.clone() }).collect();
    let order = Order { id: OrderId(id), number, user, lines, ..order };
    let identity = RequestIdentity { key: None, fingerprint: Vec::new() };
    NewOrder { order, identity, last_left_cart: 0 }
}

#[tokio::test]
async fn taken_number_is_replaced_by_another_one() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let taken = create_order(&repository).await.order.number;
    // Each attempt to insert an order generates the id of its history entry.
    let env = Env::fixed(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1), 1);
    let _ids = [env.uuid(), env.uuid()];
    let expected = OrderNumber::from_random(env.bytes());

    let created = repository.create(new_order_with_number(taken)).await.unwrap();
    let Created::New(claimed) = created else { panic!("the order is new") };
    assert_eq!(claimed.order.number, expected);
    assert_eq!(repository.read(claimed.order.id, None).await.unwrap().0, claimed.order);
}

#[tokio::test]
async fn order_is_not_created_when_all_numbers_are_taken() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let taken = create_order(&repository).await.order.number;
    for statement in [
        "CREATE FUNCTION take_number() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.number := (SELECT number FROM orders); RETURN NEW; END $$",
        "CREATE TRIGGER take_number BEFORE INSERT ON orders
            FOR EACH ROW EXECUTE FUNCTION take_number()",
    ] {
        sqlx::query(statement).execute(database.pool()).await.unwrap();
    }
    let new = new_order_with_number(taken);
    let id = new.order.id;
    assert!(matches!(repository.create(new).await, Err(Error::Database(_))));
    assert!(matches!(repository.read(id, None).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn processes_with_skewed_clocks_respect_leases() {
    let database = testing::database(&crate::MIGRATOR).await;
    for kind in SagaKind::ALL {
        let (correct, fast) = (repository(database.pool()), repository(database.pool()));
        fast.env.advance(SignedDuration::from_hours(24));
        let mut saga = claim_saga(&correct, kind).await;
        for (owner, other) in [(&correct, &fast), (&fast, &correct)] {
            for process in [other, owner] {
                assert_eq!(process.claim(kind, None).await.unwrap(), None, "{}", kind.as_str());
            }
            // The lease expires, and the other process claims the saga.
            advance_time(&correct, 15).await;
            saga = other.claim(kind, None).await.unwrap().unwrap();
        }
        record_done(&correct, &saga, AfterStep::Release).await;
        sqlx::query("TRUNCATE orders CASCADE").execute(database.pool()).await.unwrap();
    }
}

#[tokio::test]
async fn fast_clock_does_not_extend_the_step_deadline() {
    let database = testing::database(&crate::MIGRATOR).await;
    let (correct, fast) = (repository(database.pool()), repository(database.pool()));
    fast.env.advance(SignedDuration::from_hours(24));
    let now = fast.env.now();
    let order = Order { created_at: now, updated_at: now, ..fixtures::order() };
    let identity = RequestIdentity { key: None, fingerprint: Vec::new() };
    fast.create(NewOrder { order: order.clone(), identity, last_left_cart: 0 }).await.unwrap();
    let no_response = Outcome::Unknown("no response".into());
    for expected in [Step::Reserve, Step::Release] {
        advance_time(&correct, 130).await; // longer than the step's deadline
        let saga = correct.claim(SagaKind::Checkout, None).await.unwrap().unwrap();
        correct.record_outcome(&saga, &no_response, AfterStep::Release).await.unwrap();
        assert_eq!(step(&correct, order.id).await, expected);
    }
}

#[tokio::test]
async fn cart_message_is_closed_unsent_7_days_after_first_attempt() {
    const WEEK_SECS: i64 = 7 * 24 * 3600;
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let unsent = claim_saga(&repository, SagaKind::Cart).await;
    let order = unsent.order.id;
    let is_expired = |claimed: &ClaimedSaga| match &claimed.saga {
        Saga::Message(message) => message.is_expired,
        Saga::Checkout(_) | Saga::Refund(_) => panic!("a message stays one"),
    };
    assert!(!is_expired(&unsent));
    let no_response = Outcome::Unknown("no response".into());
    repository.record_outcome(&unsent, &no_response, AfterStep::Release).await.unwrap();
    advance_time(&repository, WEEK_SECS).await;
    let last = repository.claim(SagaKind::Cart, None).await.unwrap().unwrap();
    assert!(!is_expired(&last));
    repository.record_outcome(&last, &no_response, AfterStep::Release).await.unwrap();
    advance_time(&repository, 301).await;

    let expired = repository.claim(SagaKind::Cart, None).await.unwrap().unwrap();
    assert!(is_expired(&expired));
    let result =
        execute_step(&repository, &Unreachable, &expired, || AfterStep::Release).await.unwrap();
    assert_eq!(result.outcome, "expired");
    let mut conn = repository.pool.acquire().await.unwrap();
    assert!(!store::orders::is_in_cart(&mut conn, order).await.unwrap());
    let state: String = sqlx::query_scalar("SELECT state FROM outbox WHERE topic = 'cart'")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(state, "refused");
}

#[tokio::test]
async fn cart_message_that_was_never_tried_does_not_expire() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let mut claimed = create_order(&repository).await;
    for _ in 0..4 {
        claimed = record_done(&repository, &claimed, AfterStep::Continue).await.1.unwrap();
    }
    advance_time(&repository, 30 * 24 * 3600).await;
    let late = repository.claim(SagaKind::Cart, None).await.unwrap().unwrap();
    let Saga::Message(message) = &late.saga else { panic!("a message") };
    assert!(!message.is_expired);
}

#[tokio::test]
async fn cart_message_of_previous_release_expires_after_its_creation() {
    let database = testing::database(&crate::MIGRATOR).await;
    let repository = repository(database.pool());
    let claimed = claim_saga(&repository, SagaKind::Cart).await;
    let no_response = Outcome::Unknown("no response".into());
    repository.record_outcome(&claimed, &no_response, AfterStep::Release).await.unwrap();
    let forget = "UPDATE outbox SET tried_at = NULL";
    sqlx::query(forget).execute(database.pool()).await.unwrap();
    advance_time(&repository, 8 * 24 * 3600).await;
    let late = repository.claim(SagaKind::Cart, None).await.unwrap().unwrap();
    let Saga::Message(message) = &late.saga else { panic!("a message") };
    assert!(message.is_expired);
}

/// Participants that must not be called.
struct Unreachable;

impl Participants for Unreachable {
    async fn perform(&self, _: &Order, call: &Call) -> Outcome {
        panic!("{call:?} is sent")
    }
}
