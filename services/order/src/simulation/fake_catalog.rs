//! The fake catalog service: stock and reservations.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::{OrderId, ProductId};
use crate::domain::order::Order;
use crate::domain::outcome::{Outcome, Reason, Receipt};

const RESERVATION_TTL: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reservation {
    /// Reserved until this time.
    Held(Timestamp),
    Refused,
    Committed,
    Ended,
}

#[derive(Debug, Default)]
pub(super) struct FakeCatalog {
    /// (available, reserved, sold) units of each product.
    pub(super) stock: BTreeMap<ProductId, (i32, i32, i32)>,
    pub(super) reservations: BTreeMap<OrderId, Reservation>,
}

fn done() -> Outcome {
    Outcome::Done(Receipt::default())
}

fn rejected(text: &str, products: Vec<ProductId>) -> Outcome {
    Outcome::Rejected(Reason { text: text.into(), products, ..Reason::default() })
}

impl FakeCatalog {
    pub(super) fn reserve(&mut self, order: &Order, now: Timestamp) -> Outcome {
        match self.reservations.get(&order.id) {
            Some(Reservation::Held(_) | Reservation::Committed) => return done(),
            Some(Reservation::Refused) => return rejected("insufficient stock", products(order)),
            Some(Reservation::Ended) => return rejected("reservation ended", Vec::new()),
            None => {}
        }
        let is_available = |(product, units): &(ProductId, i32)| {
            self.stock.get(product).is_some_and(|(available, ..)| available >= units)
        };
        if !lines(order).iter().all(is_available) {
            self.reservations.insert(order.id, Reservation::Refused);
            return rejected("insufficient stock", products(order));
        }
        self.move_units(order, |(available, reserved, _), units| {
            *available -= units;
            *reserved += units;
        });
        self.reservations.insert(order.id, Reservation::Held(now + RESERVATION_TTL));
        done()
    }

    pub(super) fn commit(&mut self, order: &Order, now: Timestamp) -> Outcome {
        match self.reservations.get(&order.id).copied() {
            Some(Reservation::Held(expires_at)) if expires_at > now => {
                self.move_units(order, |(_, reserved, sold), units| {
                    *reserved -= units;
                    *sold += units;
                });
                self.reservations.insert(order.id, Reservation::Committed);
                done()
            }
            Some(Reservation::Held(_)) => {
                self.end_reservation(order);
                rejected("expired", Vec::new())
            }
            Some(Reservation::Committed) => done(),
            Some(Reservation::Refused | Reservation::Ended) | None => {
                rejected("no reservation is held", Vec::new())
            }
        }
    }

    pub(super) fn release(&mut self, order: &Order) -> Outcome {
        match self.reservations.get(&order.id).copied() {
            Some(Reservation::Held(_)) => self.end_reservation(order),
            Some(Reservation::Committed) => return rejected("sold", Vec::new()),
            Some(Reservation::Refused | Reservation::Ended) | None => {
                self.reservations.insert(order.id, Reservation::Ended);
            }
        }
        done()
    }

    pub(super) fn restock(&mut self, order: &Order) -> Outcome {
        match self.reservations.get(&order.id).copied() {
            Some(Reservation::Committed) => {
                self.move_units(order, |(available, _, sold), units| {
                    *sold -= units;
                    *available += units;
                });
                self.reservations.insert(order.id, Reservation::Ended);
                done()
            }
            _ => self.release(order),
        }
    }

    /// Ends expired reservations.
    pub(super) fn sweep(&mut self, orders: &[Order], now: Timestamp) {
        for order in orders {
            let held = self.reservations.get(&order.id);
            if matches!(held, Some(Reservation::Held(expires_at)) if *expires_at <= now) {
                self.end_reservation(order);
            }
        }
    }

    fn end_reservation(&mut self, order: &Order) {
        self.move_units(order, |(available, reserved, _), units| {
            *reserved -= units;
            *available += units;
        });
        self.reservations.insert(order.id, Reservation::Ended);
    }

    fn move_units(&mut self, order: &Order, change: impl Fn(&mut (i32, i32, i32), i32)) {
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
