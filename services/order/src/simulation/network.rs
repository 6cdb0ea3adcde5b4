//! The other services and the way to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use kit::Env;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use super::{catalog::Catalog, payment::Payment, rest::rest};
use crate::{
    domain::{
        call::{Call, Outcome, Reason, Receipt, refund_key},
        ids::OrderId,
        order::Order,
        outbox::Topic,
        status::Status,
    },
    driver::Participants,
};

/// A shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parcel {
    Made,
    PickedUp,
    CalledOff,
}

/// All participants, with their records.
#[derive(Debug)]
pub(super) struct Others {
    pub(super) catalog: Catalog,
    pub(super) payment: Payment,
    pub(super) parcels: BTreeMap<OrderId, Parcel>,
    /// Orders whose units were taken out of the cart.
    pub(super) carts: BTreeSet<OrderId>,
    /// Mails that were made: kind of mail → keys.
    pub(super) mails: BTreeMap<(OrderId, &'static str), BTreeSet<String>>,
    /// The keys of an order's mails, as they came first.
    pub(super) post: BTreeMap<OrderId, Vec<String>>,
    /// Requests under way that nobody waits for any more.
    late: Vec<(Order, Call)>,
    rng: StdRng,
    /// No more faults.
    pub(super) calm: bool,
}

impl Others {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            catalog: Catalog::default(),
            payment: Payment::default(),
            parcels: BTreeMap::new(),
            carts: BTreeSet::new(),
            mails: BTreeMap::new(),
            post: BTreeMap::new(),
            late: Vec::new(),
            rng: StdRng::seed_from_u64(seed ^ 0x5eed),
            calm: false,
        }
    }

    /// A request that was late arrives, any of them.
    pub(super) fn deliver_late(&mut self, now: Timestamp) -> bool {
        if self.late.is_empty() {
            return false;
        }
        let nth = self.rng.random_range(0..self.late.len());
        let (order, call) = self.late.swap_remove(nth);
        self.act(&order, &call, now);
        true
    }

    /// The carrier comes.
    pub(super) fn pick_up(&mut self, order: OrderId) {
        if let Some(parcel @ Parcel::Made) = self.parcels.get_mut(&order) {
            *parcel = Parcel::PickedUp;
        }
    }

    /// What a participant does with a request, whenever it arrives.
    fn act(&mut self, order: &Order, call: &Call, now: Timestamp) -> Outcome {
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
            Call::CallOff => self.call_off(order.id),
            Call::GiveBack { refund, refusals, amount, .. } => {
                // What is owed is refused for a while, too: the provider is short of money, say.
                let comes_round = order.status == Status::Cancelled && *refusals > 1;
                let key = refund_key(order.id, *refund, *refusals);
                self.payment.refund(order, key, *amount, comes_round)
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
                    self.post.entry(order.id).or_default().push(key);
                }
                done()
            }
        }
    }

    fn ship(&mut self, order: OrderId) -> Outcome {
        match *self.parcels.entry(order).or_insert(Parcel::Made) {
            Parcel::Made | Parcel::PickedUp => Outcome::Done(Receipt(format!("parcel of {order}"))),
            Parcel::CalledOff => refused("called off"),
        }
    }

    fn call_off(&mut self, order: OrderId) -> Outcome {
        let parcel = self.parcels.entry(order).or_insert(Parcel::CalledOff);
        if *parcel == Parcel::PickedUp {
            return refused("picked up");
        }
        *parcel = Parcel::CalledOff;
        Outcome::Done(Receipt::default())
    }

    fn fault(&mut self) -> Fault {
        if self.calm {
            return Fault::None;
        }
        let faults = [
            Fault::None,
            Fault::None,
            Fault::None,
            Fault::None,
            Fault::RequestLost,
            Fault::ReplyLost,
            Fault::Late,
            Fault::Twice,
            Fault::Slow,
        ];
        *faults.choose(&mut self.rng).unwrap_or(&Fault::None)
    }
}

fn refused(text: &str) -> Outcome {
    Outcome::Rejected(Reason { text: text.into(), ..Reason::default() })
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// It arrives nowhere.
    RequestLost,
    /// It acts, and nobody is told.
    ReplyLost,
    /// It acts some other time, and nobody is told.
    Late,
    /// It acts now, and again some other time.
    Twice,
    /// It acts, and the reply takes longer than a lease.
    Slow,
}

/// The way of one driver to the participants.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) others: Arc<Mutex<Others>>,
    pub(super) env: Env,
}

impl Participants for Network {
    async fn perform(&self, order: &Order, call: &Call) -> Outcome {
        rest(1).await;
        let fault = self.others.lock().unwrap().fault();
        let act = || self.others.lock().unwrap().act(order, call, self.env.now());
        let keep = || self.others.lock().unwrap().late.push((order.clone(), call.clone()));
        let silence = || Outcome::Unknown("silence".into());
        let outcome = match fault {
            Fault::None | Fault::Slow => act(),
            Fault::RequestLost => silence(),
            Fault::ReplyLost => {
                act();
                silence()
            }
            Fault::Late => {
                keep();
                silence()
            }
            Fault::Twice => {
                keep();
                act()
            }
        };
        rest(if matches!(fault, Fault::Slow) { 30 } else { 1 }).await;
        outcome
    }
}
