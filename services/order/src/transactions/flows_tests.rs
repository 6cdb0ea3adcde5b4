//! On a real PostgreSQL: who may carry a flow on, and whose outcome counts.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use kit::Env;
use sqlx::PgPool;

use super::*;
use crate::{
    domain::{call::Receipt, checkout::Step, event::By, fixtures, ids::LineId, order::Line},
    store::orders::Asked,
    transactions::{Created, New},
};

/// The records of a process, by a clock that stands.
fn records(pool: &PgPool) -> Records {
    let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    let step_deadline = SignedDuration::from_secs(120);
    Records { pool: pool.clone(), env: Env::fixed(start, 1), step_deadline }
}

/// A new order, whose first step is its maker's.
async fn ordered(records: &Records) -> Claimed {
    let asked = Asked { key: None, fingerprint: Vec::new() };
    let new = New { order: fixtures::order(), asked, last_left: 0 };
    match records.create(&new).await.unwrap() {
        Created::New(claimed) => *claimed,
        Created::Known(order) => panic!("order {order} is new"),
    }
}

fn done() -> Outcome {
    Outcome::Done(Receipt("receipt".into()))
}

/// Lets time go on, for the process and, as far as leases go, for the database.
async fn pass(records: &Records, secs: i64) {
    records.env.advance(SignedDuration::from_secs(secs));
    for table in ["checkouts", "refunds", "outbox"] {
        let sql =
            format!("UPDATE {table} SET lease_until = lease_until - make_interval(secs => {secs})");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&records.pool).await.unwrap();
    }
}

async fn step(records: &Records, order: OrderId) -> Step {
    let mut conn = records.pool.acquire().await.unwrap();
    store::checkouts::find(&mut conn, order).await.unwrap().unwrap().0.step
}

/// Settles by this outcome, and gives what happened and the next step.
async fn kept(records: &Records, claimed: &Claimed, then: Then) -> (Vec<Event>, Option<Claimed>) {
    match records.settle(claimed, &done(), then).await.unwrap() {
        Settled::Kept { events, next } => (events, next.map(|next| *next)),
        Settled::Lost => panic!("the lease is ours"),
    }
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn of_many_drivers_one_has_a_flow_until_its_lease_ends(pool: PgPool) {
    let records = records(&pool);
    let order = ordered(&records).await.order.id;
    let claims = || join_all((0..8).map(|_| records.claim(Kind::Checkout, None)));
    let count = |claims: Vec<Result<Option<Claimed>, Error>>| {
        claims.into_iter().filter(|claim| claim.as_ref().unwrap().is_some()).count()
    };
    assert_eq!(count(claims().await), 0, "whoever made it has it");
    for _ in 0..2 {
        pass(&records, 5).await;
        assert_eq!(count(claims().await), 0);
        pass(&records, 10).await;
        assert_eq!(count(claims().await), 1);
    }
    assert_eq!(step(&records, order).await, Step::Reserve);
}

/// A claimed flow of a kind: a new checkout, the message of a paid order, or the cancel of a confirmed one.
async fn claimed(records: &Records, kind: Kind) -> Claimed {
    let mut claimed = ordered(records).await;
    let order = claimed.order.id;
    let steps = match kind {
        Kind::Checkout => return claimed,
        Kind::Cart => 4,
        Kind::Mail | Kind::Refund => 5,
    };
    for _ in 0..steps {
        match kept(records, &claimed, Then::GoOn).await.1 {
            Some(next) => claimed = next,
            None => assert_eq!(step(records, order).await, Step::Confirmed),
        }
    }
    if kind == Kind::Refund {
        records.cancel(order, None, By::system("changed my mind")).await.unwrap();
    }
    records.claim(kind, None).await.unwrap().unwrap()
}

async fn one_lease_counts(pool: PgPool, kind: Kind) {
    let records = records(&pool);
    let asleep = claimed(&records, kind).await;
    assert_eq!(records.claim(kind, None).await.unwrap(), None, "it is claimed");
    pass(&records, 15).await;
    let awake = records.claim(kind, None).await.unwrap().unwrap();
    assert_eq!(records.claim(kind, None).await.unwrap(), None, "it is claimed again");
    assert_eq!(awake.flow.names(), asleep.flow.names());

    for then in [Then::GoOn, Then::LetGo] {
        assert_eq!(records.settle(&asleep, &done(), then).await.unwrap(), Settled::Lost);
    }
    kept(&records, &awake, Then::LetGo).await;
    for late in [&awake, &asleep] {
        let again = records.settle(late, &done(), Then::GoOn).await.unwrap();
        assert_eq!(again, Settled::Lost, "settled once");
    }
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_outcome_of_a_checkout_whose_lease_is_lost_is_dropped(pool: PgPool) {
    one_lease_counts(pool, Kind::Checkout).await;
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_outcome_of_a_refund_whose_lease_is_lost_is_dropped(pool: PgPool) {
    one_lease_counts(pool, Kind::Refund).await;
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_outcome_of_a_message_to_the_cart_whose_lease_is_lost_is_dropped(pool: PgPool) {
    one_lease_counts(pool, Kind::Cart).await;
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_outcome_of_a_mail_whose_lease_is_lost_is_dropped(pool: PgPool) {
    one_lease_counts(pool, Kind::Mail).await;
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn nobody_waits_for_as_long_as_a_clock_was_ahead(pool: PgPool) {
    for (kind, longest) in
        [(Kind::Checkout, 15), (Kind::Refund, 300), (Kind::Cart, 300), (Kind::Mail, 300)]
    {
        let right = records(&pool);
        let ahead = records(&pool);
        let flow = claimed(&right, kind).await;
        let silence = Outcome::Unknown("silence".into());
        // It goes on later by as much as that clock is ahead.
        ahead.env.advance(SignedDuration::from_secs(longest + 16));
        ahead.settle(&flow, &silence, Then::LetGo).await.unwrap();
        let again = right.claim(kind, None).await.unwrap();
        assert!(again.is_some(), "a {} waits", kind.as_str());

        // Clocks that are nearly right take nothing from each other.
        let skewed = records(&pool);
        skewed.env.advance(SignedDuration::from_secs(-5));
        assert_eq!(skewed.claim(kind, None).await.unwrap(), None);
        sqlx::query("TRUNCATE orders CASCADE").execute(&pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_next_step_is_claimed_with_the_outcome_of_the_last_one(pool: PgPool) {
    let records = records(&pool);
    let first = ordered(&records).await;
    let order = first.order.id;
    let second = kept(&records, &first, Then::GoOn).await.1.unwrap();
    let Flow::Checkout(checkout) = &second.flow else { panic!("a checkout stays one") };
    assert_eq!((checkout.step, checkout.attempts), (Step::Authorize, 1));
    assert!(second.version > first.version);
    assert_eq!(records.claim(Kind::Checkout, Some(order)).await.unwrap(), None, "it is ours");

    // As long as a lease, and as any other claim.
    pass(&records, 15).await;
    let other = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
    let Flow::Checkout(checkout) = &other.flow else { panic!("a checkout stays one") };
    assert_eq!((checkout.step, checkout.attempts), (Step::Authorize, 2));
    assert_eq!(records.settle(&second, &done(), Then::GoOn).await.unwrap(), Settled::Lost);

    // What has to wait is nobody's, and who lets go leaves it to others at once.
    let unknown = Outcome::Unknown("silence".into());
    let waits = records.settle(&other, &unknown, Then::GoOn).await.unwrap();
    assert_eq!(waits, Settled::Kept { events: Vec::new(), next: None });
    assert_eq!(records.claim(Kind::Checkout, Some(order)).await.unwrap(), None);
    pass(&records, 60).await;
    let again = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
    assert_eq!(kept(&records, &again, Then::LetGo).await.1, None);
    let third = records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
    assert_eq!(third.flow.names().1, "commit_stock");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_cancel_that_comes_during_a_call_is_seen_when_it_is_settled(pool: PgPool) {
    let records = records(&pool);
    let claimed = ordered(&records).await;
    let order = claimed.order.id;
    records.cancel(order, None, By::system("changed my mind")).await.unwrap();
    let back = kept(&records, &claimed, Then::GoOn).await.1.unwrap();
    assert_eq!(step(&records, order).await, Step::Release);
    let (events, next) = kept(&records, &back, Then::GoOn).await;
    assert!(
        matches!(&events[..], [Event::Cancelled { failure: None, by }] if by.reason == "changed my mind")
    );
    assert_eq!((next, step(&records, order).await), (None, Step::Cancelled));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_cancel_during_a_call_is_no_way_back_for_a_lost_lease(pool: PgPool) {
    let records = records(&pool);
    let asleep = ordered(&records).await;
    let order = asleep.order.id;
    pass(&records, 16).await;
    records.claim(Kind::Checkout, Some(order)).await.unwrap().unwrap();
    records.cancel(order, None, By::system("changed my mind")).await.unwrap();
    assert_eq!(records.settle(&asleep, &done(), Then::GoOn).await.unwrap(), Settled::Lost);
    assert_eq!(step(&records, order).await, Step::Reserve);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_step_and_its_events_are_kept_together(pool: PgPool) {
    let records = records(&pool);
    let mut claimed = ordered(&records).await;
    let order = claimed.order.id;
    for expected in [0, 0, 0, 1] {
        let (events, next) = kept(&records, &claimed, Then::GoOn).await;
        assert_eq!(events.len(), expected);
        claimed = next.unwrap();
    }
    assert_eq!(claimed.order.transaction.as_deref(), Some("receipt"), "as the event left it");
    let (paid, _) = records.read(order, None).await.unwrap();
    assert_eq!(paid, claimed.order);
    let message = records.claim(Kind::Cart, Some(order)).await.unwrap().unwrap();
    assert!(matches!(message.flow, Flow::Message(_)));
    assert_eq!(kept(&records, &message, Then::GoOn).await.1, None);
    let (paid, _) = records.read(order, None).await.unwrap();
    assert!(!paid.in_cart);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn an_order_of_a_cart_that_another_one_left_since_it_was_read_is_not_made(pool: PgPool) {
    let records = records(&pool);
    let left = claimed(&records, Kind::Cart).await;
    kept(&records, &left, Then::LetGo).await;
    let id = OrderId(uuid::Uuid::from_u128(30));
    let order = Order { id, cart_version: 8, ..fixtures::order() };
    let order = Order {
        lines: order.lines.iter().map(|line| Line { id: LineId(id.0), ..line.clone() }).collect(),
        ..order
    };
    let asked = Asked { key: None, fingerprint: Vec::new() };
    let before = records.standing(order.user, &asked, Some(8)).await.unwrap();
    let stale = New { order, asked, last_left: 0 };
    assert!(matches!(records.create(&stale).await, Err(Error::CartChanged)));
    assert!(
        matches!(records.read(id, None).await, Err(Error::NotFound(_))),
        "nothing is left of it"
    );
    let fresh = New { last_left: before.last_left, ..stale };
    assert!(matches!(records.create(&fresh).await, Ok(Created::New(_))));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn whatever_their_clocks_say_two_processes_take_no_flow_from_each_other(pool: PgPool) {
    for kind in Kind::ALL {
        let (right, ahead) = (records(&pool), records(&pool));
        ahead.env.advance(SignedDuration::from_hours(24));
        let mut flow = claimed(&right, kind).await;
        for (owner, other) in [(&right, &ahead), (&ahead, &right)] {
            for who in [other, owner] {
                assert_eq!(who.claim(kind, None).await.unwrap(), None, "{}", kind.as_str());
            }
            pass(&right, 15).await; // and to the other it goes
            flow = other.claim(kind, None).await.unwrap().unwrap();
        }
        kept(&right, &flow, Then::LetGo).await;
        sqlx::query("TRUNCATE orders CASCADE").execute(&pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_step_is_tried_no_longer_because_it_was_begun_by_a_clock_that_is_ahead(pool: PgPool) {
    let (right, ahead) = (records(&pool), records(&pool));
    ahead.env.advance(SignedDuration::from_hours(24));
    let now = ahead.env.now();
    let order = Order { created_at: now, updated_at: now, ..fixtures::order() };
    let asked = Asked { key: None, fingerprint: Vec::new() };
    ahead.create(&New { order: order.clone(), asked, last_left: 0 }).await.unwrap();
    let silence = Outcome::Unknown("silence".into());
    for expected in [Step::Reserve, Step::Release] {
        pass(&right, 130).await; // longer than a step is tried
        let flow = right.claim(Kind::Checkout, None).await.unwrap().unwrap();
        right.settle(&flow, &silence, Then::LetGo).await.unwrap();
        assert_eq!(step(&right, order.id).await, expected);
    }
}
