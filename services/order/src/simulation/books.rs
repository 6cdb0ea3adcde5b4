//! The store in memory: what `transactions` does on PostgreSQL, by the same pure rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use kit::Env;

use super::rest::rest;
use crate::{
    domain::{
        call::Outcome,
        checkout::{self, Checkout},
        event::{By, Event},
        ids::{MessageId, OrderId, RefundId},
        order::Order,
        outbox::{self, Message, Topic},
        refund::{self, Refund},
    },
    driver::{Claimed, Flow, Journal, Kind, Settled, Then},
    error::Error,
};

const LEASE: SignedDuration = SignedDuration::from_secs(15);
const STEP_DEADLINE: SignedDuration = SignedDuration::from_secs(120);

/// A flow and who may carry it on.
#[derive(Clone, Debug)]
pub(super) struct Row<T> {
    pub(super) state: T,
    pub(super) due_at: Timestamp,
    pub(super) lease_until: Option<Timestamp>,
    version: i64,
}

impl<T: Clone> Row<T> {
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

    /// Settles, and claims what comes next if that is wanted and due; the version of that claim.
    fn settle(&mut self, due_at: Timestamp, now: Timestamp, wants_next: bool) -> Option<i64> {
        self.due_at = due_at;
        self.lease_until = None;
        self.version += 1;
        (wants_next && due_at <= now).then(|| {
            self.lease_until = Some(now + LEASE);
            self.version
        })
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) events: BTreeMap<OrderId, Vec<Event>>,
    pub(super) checkouts: BTreeMap<OrderId, Row<Checkout>>,
    pub(super) refunds: Vec<Row<Refund>>,
    pub(super) outbox: Vec<Row<Message>>,
    /// Outcomes that were dropped because the lease was lost.
    pub(super) lost: usize,
}

impl Books {
    pub(super) fn open(&mut self, order: Order) {
        let checkout = Checkout {
            order: order.id,
            step: checkout::Step::Reserve,
            data: checkout::Data::default(),
            attempts: 0,
            began_at: order.created_at,
            deadline_at: order.created_at + STEP_DEADLINE,
            cancel: None,
        };
        self.checkouts.insert(order.id, Row::new(checkout, order.created_at));
        self.orders.insert(order.id, order);
    }

    /// Whether anything is left to do.
    pub(super) fn is_busy(&self) -> bool {
        self.checkouts.values().any(|row| !row.state.step.is_end())
            || self.refunds.iter().any(|row| !row.state.step.is_end())
            || self.outbox.iter().any(|row| row.state.state == outbox::State::Waiting)
    }

    /// The flow of an order that gives money back and has not ended.
    pub(super) fn open_refund(&self, order: OrderId) -> Option<refund::Kind> {
        let is_open = |row: &&Row<Refund>| row.state.order == order && !row.state.step.is_end();
        self.refunds.iter().find(is_open).map(|row| row.state.kind)
    }

    pub(super) fn begin_refund(&mut self, refund: Refund, now: Timestamp) {
        assert_eq!(self.open_refund(refund.order), None, "one at a time");
        self.refunds.push(Row::new(refund, now));
    }

    pub(super) fn begin_cancel(&mut self, order: OrderId, by: By, env: &Env) {
        let amount = self.orders[&order].left();
        let (id, kind) = (RefundId(env.uuid()), refund::Kind::Cancel);
        let step = kind.first_step();
        let flow = Refund { id, order, kind, amount, by, step, attempts: 0, refusals: 0 };
        self.begin_refund(flow, env.now());
    }

    fn claim(&mut self, kind: Kind, of: Option<OrderId>, now: Timestamp) -> Option<(Flow, i64)> {
        let fits = |order: OrderId| of.is_none_or(|of| of == order);
        match kind {
            Kind::Checkout => {
                let row = self.checkouts.values_mut().find(|row| {
                    fits(row.state.order) && !row.state.step.is_end() && row.is_due(now)
                })?;
                row.state.attempts += 1;
                Some((Flow::Checkout(row.state.clone()), row.claim(now)))
            }
            Kind::Refund => {
                let row = self.refunds.iter_mut().find(|row| {
                    fits(row.state.order) && !row.state.step.is_end() && row.is_due(now)
                })?;
                row.state.attempts += 1;
                Some((Flow::Refund(row.state.clone()), row.claim(now)))
            }
            Kind::Cart => self.claim_message(now, |row| {
                fits(row.state.order) && row.state.topic == Topic::TakeFromCart
            }),
            Kind::Mail => {
                // The mails of an order one after the other, as they were written.
                let mut before = BTreeSet::new();
                let waits = |row: &&Row<Message>| {
                    row.state.state == outbox::State::Waiting
                        && row.state.topic != Topic::TakeFromCart
                };
                let first = self.outbox.iter().filter(waits);
                let first: BTreeSet<MessageId> = first
                    .filter(|row| before.insert(row.state.order))
                    .map(|row| row.state.id)
                    .collect();
                self.claim_message(now, |row| {
                    fits(row.state.order) && first.contains(&row.state.id)
                })
            }
        }
    }

    fn claim_message(
        &mut self,
        now: Timestamp,
        fits: impl Fn(&Row<Message>) -> bool,
    ) -> Option<(Flow, i64)> {
        let is_due = |row: &&mut Row<Message>| {
            row.state.state == outbox::State::Waiting && fits(row) && row.is_due(now)
        };
        let row = self.outbox.iter_mut().find(is_due)?;
        row.state.attempts += 1;
        Some((Flow::Message(row.state.clone()), row.claim(now)))
    }

    fn settle(&mut self, claimed: &Claimed, outcome: &Outcome, then: Then, env: &Env) -> Settled {
        let (now, go_on) = (env.now(), then == Then::GoOn);
        let is_mine = |version: i64| version == claimed.version;
        let (order, events, next) = match &claimed.flow {
            Flow::Checkout(flow) => {
                let row = self.checkouts.get_mut(&flow.order);
                let Some(row) = row.filter(|row| is_mine(row.version)) else { return self.lose() };
                let turned = checkout::next(&row.state, outcome, now);
                row.state = row.state.after(&turned, now, now + STEP_DEADLINE);
                let claim = row.settle(turned.due_at, now, go_on && !row.state.step.is_end());
                row.state.attempts += u32::from(claim.is_some());
                let next = claim.map(|version| (Flow::Checkout(row.state.clone()), version));
                (flow.order, turned.events, next)
            }
            Flow::Refund(flow) => {
                let row = self.refunds.iter_mut().find(|row| row.state.id == flow.id);
                let Some(row) = row.filter(|row| is_mine(row.version)) else { return self.lose() };
                let turned = refund::next(&row.state, outcome, now);
                row.state = row.state.after(&turned);
                let claim = row.settle(turned.due_at, now, go_on && !row.state.step.is_end());
                row.state.attempts += u32::from(claim.is_some());
                let next = claim.map(|version| (Flow::Refund(row.state.clone()), version));
                (flow.order, turned.events, next)
            }
            Flow::Message(flow) => {
                let row = self.outbox.iter_mut().find(|row| row.state.id == flow.id);
                let Some(row) = row.filter(|row| is_mine(row.version)) else { return self.lose() };
                let turned = outbox::next(&row.state, outcome, now);
                row.state.state = turned.state;
                row.settle(turned.due_at, now, false);
                (flow.order, turned.events, None)
            }
        };
        self.happen(order, &events, env);
        let order = &self.orders[&order];
        let next =
            next.map(|(flow, version)| Box::new(Claimed { flow, order: order.clone(), version }));
        Settled::Kept { events, next }
    }

    fn lose(&mut self) -> Settled {
        self.lost += 1;
        Settled::Lost
    }

    fn happen(&mut self, id: OrderId, events: &[Event], env: &Env) {
        for event in events {
            let order = self.orders.get_mut(&id).unwrap();
            let applied = order.apply(event, env.now()).unwrap();
            self.events.entry(id).or_default().push(event.clone());
            for topic in applied.messages {
                self.send(id, topic, env);
            }
            if let Event::CancelOwed { by } = event {
                self.begin_cancel(id, by.clone(), env);
            }
        }
    }

    fn send(&mut self, order: OrderId, topic: Topic, env: &Env) {
        let known = self.outbox.iter().any(|m| m.state.order == order && m.state.topic == topic);
        assert!(!known, "a second message of {topic:?}");
        let (id, state) = (MessageId(env.uuid()), outbox::State::Waiting);
        let message = Message { id, order, topic, state, attempts: 0 };
        self.outbox.push(Row::new(message, env.now()));
    }
}

/// One driver's way to the store, by a clock of its own that is ahead or behind.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) books: Arc<Mutex<Books>>,
    pub(super) env: Env,
}

impl Journal for Desk {
    async fn claim(&self, kind: Kind, of: Option<OrderId>) -> Result<Option<Claimed>, Error> {
        rest(1).await;
        let claimed = {
            let mut books = self.books.lock().unwrap();
            books.claim(kind, of, self.env.now()).map(|(flow, version)| {
                let order = match &flow {
                    Flow::Checkout(flow) => flow.order,
                    Flow::Refund(flow) => flow.order,
                    Flow::Message(flow) => flow.order,
                };
                Claimed { flow, order: books.orders[&order].clone(), version }
            })
        };
        rest(1).await;
        Ok(claimed)
    }

    async fn settle(
        &self,
        claimed: &Claimed,
        outcome: &Outcome,
        then: Then,
    ) -> Result<Settled, Error> {
        rest(1).await;
        let settled = self.books.lock().unwrap().settle(claimed, outcome, then, &self.env);
        rest(1).await;
        Ok(settled)
    }
}
