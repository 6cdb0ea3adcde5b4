//! Stock, as the catalog keeps it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    call::{Outcome, Reason, Receipt},
    ids::{OrderId, ProductId},
    order::Order,
};

const TTL: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reservation {
    /// Until then.
    Held(Timestamp),
    Refused,
    Committed,
    Over,
}

#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// (on hand and free, reserved, sold) of each product.
    pub(super) stock: BTreeMap<ProductId, (i32, i32, i32)>,
    pub(super) reservations: BTreeMap<OrderId, Reservation>,
}

fn done() -> Outcome {
    Outcome::Done(Receipt::default())
}

fn refused(text: &str, products: Vec<ProductId>) -> Outcome {
    Outcome::Rejected(Reason { text: text.into(), products, ..Reason::default() })
}

impl Catalog {
    pub(super) fn reserve(&mut self, order: &Order, now: Timestamp) -> Outcome {
        match self.reservations.get(&order.id) {
            Some(Reservation::Held(_) | Reservation::Committed) => return done(),
            Some(Reservation::Refused) => return refused("short", products(order)),
            Some(Reservation::Over) => return refused("over", Vec::new()),
            None => {}
        }
        let has = |(product, units): &(ProductId, i32)| {
            self.stock.get(product).is_some_and(|(free, ..)| free >= units)
        };
        if !lines(order).iter().all(has) {
            self.reservations.insert(order.id, Reservation::Refused);
            return refused("short", products(order));
        }
        self.shift(order, |(free, reserved, _), units| {
            *free -= units;
            *reserved += units;
        });
        self.reservations.insert(order.id, Reservation::Held(now + TTL));
        done()
    }

    pub(super) fn commit(&mut self, order: &Order, now: Timestamp) -> Outcome {
        match self.reservations.get(&order.id).copied() {
            Some(Reservation::Held(until)) if until > now => {
                self.shift(order, |(_, reserved, sold), units| {
                    *reserved -= units;
                    *sold += units;
                });
                self.reservations.insert(order.id, Reservation::Committed);
                done()
            }
            Some(Reservation::Held(_)) => {
                self.let_go(order);
                refused("expired", Vec::new())
            }
            Some(Reservation::Committed) => done(),
            Some(Reservation::Refused | Reservation::Over) | None => {
                refused("nothing is held", Vec::new())
            }
        }
    }

    pub(super) fn release(&mut self, order: &Order) -> Outcome {
        match self.reservations.get(&order.id).copied() {
            Some(Reservation::Held(_)) => self.let_go(order),
            Some(Reservation::Committed) => return refused("sold", Vec::new()),
            Some(Reservation::Refused | Reservation::Over) | None => {
                self.reservations.insert(order.id, Reservation::Over);
            }
        }
        done()
    }

    pub(super) fn restock(&mut self, order: &Order) -> Outcome {
        match self.reservations.get(&order.id).copied() {
            Some(Reservation::Committed) => {
                self.shift(order, |(free, _, sold), units| {
                    *sold -= units;
                    *free += units;
                });
                self.reservations.insert(order.id, Reservation::Over);
                done()
            }
            _ => self.release(order),
        }
    }

    /// Ends what ran out of time.
    pub(super) fn sweep(&mut self, orders: &[Order], now: Timestamp) {
        for order in orders {
            let held = self.reservations.get(&order.id);
            if matches!(held, Some(Reservation::Held(until)) if *until <= now) {
                self.let_go(order);
            }
        }
    }

    fn let_go(&mut self, order: &Order) {
        self.shift(order, |(free, reserved, _), units| {
            *reserved -= units;
            *free += units;
        });
        self.reservations.insert(order.id, Reservation::Over);
    }

    fn shift(&mut self, order: &Order, change: impl Fn(&mut (i32, i32, i32), i32)) {
        for (product, units) in lines(order) {
            change(self.stock.entry(product).or_default(), units);
        }
    }
}

fn lines(order: &Order) -> Vec<(ProductId, i32)> {
    order.lines.iter().map(|line| (line.product, line.quantity)).collect()
}

fn products(order: &Order) -> Vec<ProductId> {
    order.lines.iter().map(|line| line.product).collect()
}
