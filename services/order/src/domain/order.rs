//! An order, and what events do to it.

use jiff::Timestamp;
use money::{Currency, Error, Money};
use wire::Address;

use super::{
    event::{By, Event},
    ids::{EntryId, LineId, OrderId, ProductId, UserId},
    outbox::Topic,
    price::Sums,
    status::{NotAllowed, Status},
};

/// The weight of a unit whose product tells none, in grams.
pub const DEFAULT_WEIGHT_GRAMS: i32 = 500;

/// A line of an order. Name and price are those of the moment it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: LineId,
    /// The product.
    pub product: ProductId,
    /// Its name then.
    pub name: String,
    /// Units, from 1.
    pub quantity: i32,
    /// The price of one unit then.
    pub unit_price: Money,
}

impl Line {
    /// The price of the line.
    pub fn total(&self) -> Result<Money, Error> {
        self.unit_price.times(self.quantity.into())
    }
}

/// A way to ship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingOption {
    /// The carrier, such as "USPS".
    pub carrier: String,
    /// The carrier's service, such as "Priority Mail".
    pub service: String,
}

/// Why a checkout was refused, in a word that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// There was not enough stock.
    OutOfStock,
    /// The payment was declined.
    PaymentDeclined,
    /// The payment cannot be made so: the method is gone, the authorisation has ended.
    PaymentRefused,
    /// The reservation had ended before the stock was committed.
    ReservationExpired,
    /// A step was refused for a reason that should not be.
    CheckoutRefused,
    /// A step had no answer in time.
    CheckoutTimedOut,
}

impl FailureCode {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OutOfStock,
        Self::PaymentDeclined,
        Self::PaymentRefused,
        Self::ReservationExpired,
        Self::CheckoutRefused,
        Self::CheckoutTimedOut,
    ];

    /// As stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfStock => "out_of_stock",
            Self::PaymentDeclined => "payment_declined",
            Self::PaymentRefused => "payment_refused",
            Self::ReservationExpired => "reservation_expired",
            Self::CheckoutRefused => "checkout_refused",
            Self::CheckoutTimedOut => "checkout_timed_out",
        }
    }

    /// The inverse of [`FailureCode::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// A sentence for the customer.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OutOfStock => "There is not enough left of what you ordered.",
            Self::PaymentDeclined => "Your payment was declined.",
            Self::PaymentRefused => "Your payment could not be made.",
            Self::ReservationExpired => "What you ordered could not be held long enough.",
            Self::CheckoutRefused => "Your order could not be carried out.",
            Self::CheckoutTimedOut => "Your order could not be carried out in time.",
        }
    }
}

/// Why a checkout was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In a word.
    pub code: FailureCode,
    /// The provider's word for a decline; empty else.
    pub decline_code: String,
    /// The products that could not be had; empty else.
    pub products: Vec<ProductId>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The customer.
    pub user: UserId,
    /// Where it stands.
    pub status: Status,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What it costs.
    pub sums: Sums,
    /// Money given back so far, at most the total.
    pub refunded: Money,
    /// Where it goes.
    pub address: Address,
    /// How it is paid: a saved method's id or a provider's test id.
    pub payment_method: String,
    /// How it is shipped.
    pub shipping_option: ShippingOption,
    /// What the parcel weighs, in grams.
    pub weight_grams: i32,
    /// The version of the cart that was ordered.
    pub cart_version: i64,
    /// Its units are still in the customer's cart, so that nothing else may be ordered from there.
    pub in_cart: bool,
    /// The transaction that took the money.
    pub transaction: Option<String>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// Why the checkout was refused.
    pub failure: Option<Failure>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A change of an order's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The status it came to.
    pub status: Status,
    /// Who and why.
    pub by: By,
    /// When.
    pub at: Timestamp,
}

/// What an event did to an order, beyond its own fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The status changed, for the history: who and why.
    pub change: Option<By>,
    /// Messages that have to go out.
    pub messages: Vec<Topic>,
}

/// Why an event cannot happen to an order: a defect of whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The status does not allow it.
    #[error(transparent)]
    Status(#[from] NotAllowed),
    /// More would be given back than was paid.
    #[error("more would be given back than was paid")]
    TooMuch,
}

impl Order {
    /// The currency of all its amounts.
    pub fn currency(&self) -> Currency {
        self.sums.total.currency()
    }

    /// Money that was taken and not given back.
    pub fn left(&self) -> Money {
        let cents = match self.transaction {
            Some(_) => self.sums.total.cents() - self.refunded.cents(),
            None => 0,
        };
        Money::new(cents, self.currency())
    }

    /// Moves the status by hand.
    pub fn go(&mut self, to: Status, by: By, now: Timestamp) -> Result<Applied, NotAllowed> {
        self.status = self.status.to(to)?;
        self.updated_at = now;
        let messages = match to {
            Status::Shipped => vec![Topic::ShippedMail],
            _ => Vec::new(),
        };
        Ok(Applied { change: Some(by), messages })
    }

    /// What `event` does. An impossible event leaves the order as it was.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> Result<Applied, Impossible> {
        let applied = match event {
            Event::Paid { transaction } => {
                self.transaction = Some(transaction.clone());
                Applied { change: None, messages: vec![Topic::TakeFromCart] }
            }
            Event::Confirmed { tracking_number } => {
                let mut applied = self.go(Status::Confirmed, By::system(""), now)?;
                self.tracking_number = Some(tracking_number.clone());
                applied.messages.push(Topic::ConfirmationMail);
                applied
            }
            Event::Cancelled { failure, by } => {
                let mut applied = self.go(Status::Cancelled, by.clone(), now)?;
                self.failure.clone_from(failure);
                self.in_cart = false;
                applied.messages.push(Topic::CancelledMail);
                applied
            }
            Event::CalledOff { by } => {
                let mut applied = self.go(Status::Cancelled, by.clone(), now)?;
                applied.messages.push(Topic::CancelledMail);
                applied
            }
            Event::GivenBack { refund, amount, by } => {
                let refunded = self.refunded.plus(*amount).map_err(|_| Impossible::TooMuch)?;
                if amount.cents() > self.left().cents() {
                    return Err(Impossible::TooMuch);
                }
                let all = refunded == self.sums.total && self.status.is_paid();
                let mut applied = match all {
                    true => self.go(Status::Refunded, by.clone(), now)?,
                    false => Applied::default(),
                };
                self.refunded = refunded;
                applied.messages.push(Topic::RefundMail { refund: *refund, amount: *amount });
                applied
            }
            Event::LeftCart => {
                self.in_cart = false;
                Applied::default()
            }
            Event::CancelOwed { .. } => Applied::default(),
        };
        self.updated_at = now;
        Ok(applied)
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
