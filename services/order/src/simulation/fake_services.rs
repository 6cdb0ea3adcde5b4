//! The fake services that take part in sagas, and the faulty network in front of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kit::Env;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::fake_catalog::FakeCatalog;
use super::fake_payment::FakePayment;
use super::yield_point::yield_times;
use crate::domain::call::{Call, refund_key};
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::outbox::Topic;
use crate::domain::outcome::{Outcome, Reason, Receipt};
use crate::domain::status::Status;
use crate::saga::Participants;

/// State of a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shipment {
    Created,
    PickedUp,
    Cancelled,
}

/// All fake services with their records.
#[derive(Debug)]
pub(super) struct FakeServices {
    pub(super) catalog: FakeCatalog,
    pub(super) payment: FakePayment,
    pub(super) shipments: BTreeMap<OrderId, Shipment>,
    /// Orders whose units were removed from the cart.
    pub(super) carts: BTreeSet<OrderId>,
    /// Idempotency keys of the accepted mails, by order and kind.
    pub(super) mails: BTreeMap<(OrderId, &'static str), BTreeSet<String>>,
    /// Idempotency keys of an order's mails in the order of their first arrival.
    pub(super) mail_order: BTreeMap<OrderId, Vec<String>>,
    /// Requests in flight whose caller no longer waits.
    in_flight: Vec<(Order, Call)>,
    rng: StdRng,
    /// Whether faults are disabled.
    pub(super) faults_disabled: bool,
}

impl FakeServices {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            catalog: FakeCatalog::default(),
            payment: FakePayment::default(),
            shipments: BTreeMap::new(),
            carts: BTreeSet::new(),
            mails: BTreeMap::new(),
            mail_order: BTreeMap::new(),
            in_flight: Vec::new(),
            rng: StdRng::seed_from_u64(seed ^ 0x5eed),
            faults_disabled: false,
        }
    }

    /// Delivers a random request that is in flight. Returns whether there was one.
    pub(super) fn deliver_in_flight(&mut self, now: Timestamp) -> bool {
        if self.in_flight.is_empty() {
            return false;
        }
        let nth = self.rng.random_range(0..self.in_flight.len());
        let (order, call) = self.in_flight.swap_remove(nth);
        self.execute(&order, &call, now);
        true
    }

    /// The carrier picks up the shipment, which cannot be cancelled from then on.
    pub(super) fn pick_up(&mut self, order: OrderId) {
        if let Some(shipment @ Shipment::Created) = self.shipments.get_mut(&order) {
            *shipment = Shipment::PickedUp;
        }
    }

    /// Executes a request on the service that it is for.
    fn execute(&mut self, order: &Order, call: &Call, now: Timestamp) -> Outcome {
        let done = || Outcome::Done(Receipt::default());
        match call {
            Call::Reserve => self.catalog.reserve(order, now),
            Call::Authorize => self.payment.authorize(order, now),
            Call::CommitStock => self.catalog.commit(order, now),
            Call::Capture { .. } => self.payment.capture(order, now),
            Call::Ship => self.ship(order.id),
            Call::Void { .. } => self.payment.void(order),
            Call::Release => self.catalog.release(order),
            Call::Restock => self.catalog.restock(order),
            Call::CancelShipment => self.cancel_shipment(order.id),
            Call::Refund { refund, refusals, amount, .. } => {
                // The first attempts of an owed refund are rejected, too, as if the provider were
                // short of funds.
                let accepts_owed_refund = order.status == Status::Cancelled && *refusals > 1;
                let key = refund_key(order.id, *refund, *refusals);
                self.payment.refund(order, key, *amount, accepts_owed_refund)
            }
            Call::Deliver(Topic::TakeFromCart) => {
                self.carts.insert(order.id);
                done()
            }
            Call::Deliver(topic) => {
                let kind = match topic {
                    Topic::RefundMail { .. } => "refund",
                    other => other.as_str(),
                };
                let key = topic.key(order.id);
                if self.mails.entry((order.id, kind)).or_default().insert(key.clone()) {
                    self.mail_order.entry(order.id).or_default().push(key);
                }
                done()
            }
        }
    }

    fn ship(&mut self, order: OrderId) -> Outcome {
        match *self.shipments.entry(order).or_insert(Shipment::Created) {
            Shipment::Created | Shipment::PickedUp => {
                Outcome::Done(Receipt(format!("shipment of {order}")))
            }
            Shipment::Cancelled => rejected("cancelled"),
        }
    }

    fn cancel_shipment(&mut self, order: OrderId) -> Outcome {
        let shipment = self.shipments.entry(order).or_insert(Shipment::Cancelled);
        if *shipment == Shipment::PickedUp {
            return rejected("picked up");
        }
        *shipment = Shipment::Cancelled;
        Outcome::Done(Receipt::default())
    }

    fn next_fault(&mut self) -> Fault {
        if self.faults_disabled {
            return Fault::None;
        }
        let faults = [
            Fault::None,
            Fault::None,
            Fault::None,
            Fault::None,
            Fault::RequestLost,
            Fault::ReplyLost,
            Fault::Delayed,
            Fault::Duplicated,
            Fault::SlowReply,
        ];
        *faults.choose(&mut self.rng).unwrap_or(&Fault::None)
    }
}

fn rejected(text: &str) -> Outcome {
    Outcome::Rejected(Reason { text: text.into(), ..Reason::default() })
}

/// Fault of a call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// The request is lost.
    RequestLost,
    /// The call takes effect and the reply is lost.
    ReplyLost,
    /// The call takes effect later and the reply is lost.
    Delayed,
    /// The call takes effect now and again later.
    Duplicated,
    /// The call takes effect, and the reply takes longer than a lease.
    SlowReply,
}

/// An executor's connection to the fake services.
#[derive(Clone, Debug)]
pub(super) struct FaultyNetwork {
    pub(super) services: Arc<Mutex<FakeServices>>,
    pub(super) env: Env,
}

impl Participants for FaultyNetwork {
    async fn perform(&self, order: &Order, call: &Call) -> Outcome {
        yield_times(1).await;
        let fault = self.services.lock().unwrap().next_fault();
        let execute = || self.services.lock().unwrap().execute(order, call, self.env.now());
        let delay = || self.services.lock().unwrap().in_flight.push((order.clone(), call.clone()));
        let no_response = || Outcome::Unknown("no response".into());
        let outcome = match fault {
            Fault::None | Fault::SlowReply => execute(),
            Fault::RequestLost => no_response(),
            Fault::ReplyLost => {
                execute();
                no_response()
            }
            Fault::Delayed => {
                delay();
                no_response()
            }
            Fault::Duplicated => {
                delay();
                execute()
            }
        };
        yield_times(if matches!(fault, Fault::SlowReply) { 30 } else { 1 }).await;
        outcome
    }
}
