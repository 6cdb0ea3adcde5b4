//! The fake saga store: in memory, with the same rules as `transactions` on PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use kit::Env;

use super::yield_point::yield_times;
use crate::domain::checkout::{self, Checkout};
use crate::domain::event::{Actor, Event};
use crate::domain::ids::{MessageId, OrderId, RefundId};
use crate::domain::order::Order;
use crate::domain::outbox::{self, Message, Topic};
use crate::domain::outcome::Outcome;
use crate::domain::refund::{self, Refund};
use crate::error::Error;
use crate::saga::{AfterStep, ClaimedSaga, Recorded, Saga, SagaKind, SagaStore};

const LEASE: SignedDuration = SignedDuration::from_secs(15);
const STEP_DEADLINE: SignedDuration = SignedDuration::from_secs(120);

/// A saga with its due time, lease and version.
#[derive(Clone, Debug)]
pub(super) struct StoredSaga<T> {
    pub(super) state: T,
    pub(super) due_at: Timestamp,
    pub(super) lease_until: Option<Timestamp>,
    version: i64,
}

impl<T: Clone> StoredSaga<T> {
    pub(super) fn new(state: T, due_at: Timestamp) -> Self {
        Self { state, due_at, lease_until: None, version: 0 }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.due_at <= now && self.lease_until.is_none_or(|until| until <= now)
    }

    fn claim(&mut self, now: Timestamp) -> i64 {
        self.lease_until = Some(now + LEASE);
        self.version += 1;
        self.version
    }

    /// Records an outcome, and claims the next step if that is requested and due. Returns the
    /// version of that claim.
    fn record_outcome(
        &mut self,
        due_at: Timestamp,
        now: Timestamp,
        wants_next: bool,
    ) -> Option<i64> {
        self.due_at = due_at;
        self.lease_until = None;
        self.version += 1;
        (wants_next && due_at <= now).then(|| {
            self.lease_until = Some(now + LEASE);
            self.version
        })
    }
}

/// Contents of the store, shared by all executors.
#[derive(Debug, Default)]
pub(super) struct StoreState {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) events: BTreeMap<OrderId, Vec<Event>>,
    pub(super) checkouts: BTreeMap<OrderId, StoredSaga<Checkout>>,
    pub(super) refunds: Vec<StoredSaga<Refund>>,
    pub(super) outbox: Vec<StoredSaga<Message>>,
    /// Number of outcomes that were dropped because the lease was lost.
    pub(super) leases_lost: usize,
}

impl StoreState {
    pub(super) fn add_order(&mut self, order: Order) {
        let checkout = Checkout {
            order: order.id,
            step: checkout::Step::Reserve,
            data: checkout::Data::default(),
            attempts: 0,
            began_at: order.created_at,
            deadline_at: order.created_at + STEP_DEADLINE,
            cancel: None,
        };
        self.checkouts.insert(order.id, StoredSaga::new(checkout, order.created_at));
        self.orders.insert(order.id, order);
    }

    /// Whether any saga has not ended.
    pub(super) fn is_busy(&self) -> bool {
        self.checkouts.values().any(|saga| !saga.state.step.is_end())
            || self.refunds.iter().any(|saga| !saga.state.step.is_end())
            || self.outbox.iter().any(|saga| saga.state.state == outbox::State::Waiting)
    }

    /// Returns the kind of an order's open refund saga.
    pub(super) fn open_refund(&self, order: OrderId) -> Option<refund::Kind> {
        let is_open =
            |saga: &&StoredSaga<Refund>| saga.state.order == order && !saga.state.step.is_end();
        self.refunds.iter().find(is_open).map(|saga| saga.state.kind)
    }

    pub(super) fn begin_refund(&mut self, refund: Refund, now: Timestamp) {
        assert_eq!(self.open_refund(refund.order), None, "one at a time");
        self.refunds.push(StoredSaga::new(refund, now));
    }

    pub(super) fn begin_cancel(&mut self, order: OrderId, actor: Actor, env: &Env) {
        let amount = self.orders[&order].unrefunded();
        let (id, kind) = (RefundId(env.uuid()), refund::Kind::Cancel);
        let step = kind.first_step();
        let saga = Refund { id, order, kind, amount, actor, step, attempts: 0, refusals: 0 };
        self.begin_refund(saga, env.now());
    }

    fn claim(
        &mut self,
        kind: SagaKind,
        filter: Option<OrderId>,
        now: Timestamp,
    ) -> Option<(Saga, i64)> {
        let matches = |order: OrderId| filter.is_none_or(|filter| filter == order);
        match kind {
            SagaKind::Checkout => {
                let saga = self.checkouts.values_mut().find(|saga| {
                    matches(saga.state.order) && !saga.state.step.is_end() && saga.is_due(now)
                })?;
                saga.state.attempts += 1;
                Some((Saga::Checkout(saga.state.clone()), saga.claim(now)))
            }
            SagaKind::Refund => {
                let saga = self.refunds.iter_mut().find(|saga| {
                    matches(saga.state.order) && !saga.state.step.is_end() && saga.is_due(now)
                })?;
                saga.state.attempts += 1;
                Some((Saga::Refund(saga.state.clone()), saga.claim(now)))
            }
            SagaKind::Cart => self.claim_message(now, |saga| {
                matches(saga.state.order) && saga.state.topic == Topic::TakeFromCart
            }),
            SagaKind::Mail => {
                // The mails of an order are claimed in the order in which they were written.
                let mut seen_orders = BTreeSet::new();
                let waits = |saga: &&StoredSaga<Message>| {
                    saga.state.state == outbox::State::Waiting
                        && saga.state.topic != Topic::TakeFromCart
                };
                let oldest_mails = self.outbox.iter().filter(waits);
                let oldest_mails: BTreeSet<MessageId> = oldest_mails
                    .filter(|saga| seen_orders.insert(saga.state.order))
                    .map(|saga| saga.state.id)
                    .collect();
                self.claim_message(now, |saga| {
                    matches(saga.state.order) && oldest_mails.contains(&saga.state.id)
                })
            }
        }
    }

    fn claim_message(
        &mut self,
        now: Timestamp,
        matches: impl Fn(&StoredSaga<Message>) -> bool,
    ) -> Option<(Saga, i64)> {
        let is_due = |saga: &&mut StoredSaga<Message>| {
            saga.state.state == outbox::State::Waiting && matches(saga) && saga.is_due(now)
        };
        let saga = self.outbox.iter_mut().find(is_due)?;
        saga.state.attempts += 1;
        Some((Saga::Message(saga.state.clone()), saga.claim(now)))
    }

    fn record_outcome(
        &mut self,
        claimed: &ClaimedSaga,
        outcome: &Outcome,
        after_step: AfterStep,
        env: &Env,
    ) -> Recorded {
        let (now, continues) = (env.now(), after_step == AfterStep::Continue);
        let holds_claim = |version: i64| version == claimed.version;
        let (order, events, next) = match &claimed.saga {
            Saga::Checkout(checkout) => {
                let stored = self.checkouts.get_mut(&checkout.order);
                let Some(stored) = stored.filter(|stored| holds_claim(stored.version)) else {
                    return self.reject_outcome();
                };
                let transition = checkout::next(&stored.state, outcome, now);
                stored.state = stored.state.apply(&transition, now, now + STEP_DEADLINE);
                let claim = stored.record_outcome(
                    transition.due_at,
                    now,
                    continues && !stored.state.step.is_end(),
                );
                stored.state.attempts += u32::from(claim.is_some());
                let next = claim.map(|version| (Saga::Checkout(stored.state.clone()), version));
                (checkout.order, transition.events, next)
            }
            Saga::Refund(refund) => {
                let stored = self.refunds.iter_mut().find(|stored| stored.state.id == refund.id);
                let Some(stored) = stored.filter(|stored| holds_claim(stored.version)) else {
                    return self.reject_outcome();
                };
                let transition = refund::next(&stored.state, outcome, now);
                stored.state = stored.state.apply(&transition);
                let claim = stored.record_outcome(
                    transition.due_at,
                    now,
                    continues && !stored.state.step.is_end(),
                );
                stored.state.attempts += u32::from(claim.is_some());
                let next = claim.map(|version| (Saga::Refund(stored.state.clone()), version));
                (refund.order, transition.events, next)
            }
            Saga::Message(message) => {
                let stored = self.outbox.iter_mut().find(|stored| stored.state.id == message.id);
                let Some(stored) = stored.filter(|stored| holds_claim(stored.version)) else {
                    return self.reject_outcome();
                };
                let transition = outbox::next(&stored.state, outcome, now);
                stored.state.state = transition.state;
                stored.record_outcome(transition.due_at, now, false);
                (message.order, transition.events, None)
            }
        };
        self.apply_events(order, &events, env);
        let order = &self.orders[&order];
        let next = next
            .map(|(saga, version)| Box::new(ClaimedSaga { saga, order: order.clone(), version }));
        Recorded::Committed { events, next }
    }

    fn reject_outcome(&mut self) -> Recorded {
        self.leases_lost += 1;
        Recorded::LeaseLost
    }

    fn apply_events(&mut self, id: OrderId, events: &[Event], env: &Env) {
        for event in events {
            let order = self.orders.get_mut(&id).unwrap();
            let applied = order.apply(event, env.now()).unwrap();
            self.events.entry(id).or_default().push(event.clone());
            for topic in applied.messages {
                self.add_message(id, topic, env);
            }
            if let Event::CancelRequested { actor } = event {
                self.begin_cancel(id, actor.clone(), env);
            }
        }
    }

    fn add_message(&mut self, order: OrderId, topic: Topic, env: &Env) {
        let exists = self.outbox.iter().any(|m| m.state.order == order && m.state.topic == topic);
        assert!(!exists, "a second message of {topic:?}");
        let (id, state) = (MessageId(env.uuid()), outbox::State::Waiting);
        let message = Message { id, order, topic, state, attempts: 0, is_expired: false };
        self.outbox.push(StoredSaga::new(message, env.now()));
    }
}

/// An executor's handle of the store, with its own clock, which may be skewed.
#[derive(Clone, Debug)]
pub(super) struct FakeStore {
    pub(super) state: Arc<Mutex<StoreState>>,
    pub(super) env: Env,
}

impl SagaStore for FakeStore {
    async fn claim(
        &self,
        kind: SagaKind,
        filter: Option<OrderId>,
    ) -> Result<Option<ClaimedSaga>, Error> {
        yield_times(1).await;
        let claimed = {
            let mut state = self.state.lock().unwrap();
            state.claim(kind, filter, self.env.now()).map(|(saga, version)| {
                let order = match &saga {
                    Saga::Checkout(saga) => saga.order,
                    Saga::Refund(saga) => saga.order,
                    Saga::Message(saga) => saga.order,
                };
                ClaimedSaga { saga, order: state.orders[&order].clone(), version }
            })
        };
        yield_times(1).await;
        Ok(claimed)
    }

    async fn record_outcome(
        &self,
        claimed: &ClaimedSaga,
        outcome: &Outcome,
        after_step: AfterStep,
    ) -> Result<Recorded, Error> {
        yield_times(1).await;
        let recorded =
            self.state.lock().unwrap().record_outcome(claimed, outcome, after_step, &self.env);
        yield_times(1).await;
        Ok(recorded)
    }
}
