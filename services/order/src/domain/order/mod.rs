//! The order, and how events change it.

use jiff::Timestamp;
use money::{Currency, Money};
use wire::Address;

use super::event::{Actor, Event};
use super::failure::Failure;
use super::ids::{EntryId, OrderId, UserId};
use super::line::Line;
use super::number::OrderNumber;
use super::outbox::Topic;
use super::price::Sums;
use super::status::{Status, TransitionNotAllowed};

/// Weight of a unit whose product has none, in grams.
pub const DEFAULT_WEIGHT_GRAMS: i32 = 500;

/// A carrier and one of its services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingOption {
    /// The carrier, such as "USPS".
    pub carrier: String,
    /// The carrier's service, such as "Priority Mail".
    pub service: String,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Id of the order.
    pub id: OrderId,
    /// Number that customers see.
    pub number: OrderNumber,
    /// The customer.
    pub user: UserId,
    /// Status of the order.
    pub status: Status,
    /// The ordered lines.
    pub lines: Vec<Line>,
    /// Sums of the prices.
    pub sums: Sums,
    /// Amount refunded so far, at most the total.
    pub refunded: Money,
    /// Shipping address.
    pub address: Address,
    /// Payment method: the id of a saved method, or a test id of the provider.
    pub payment_method: String,
    /// The chosen carrier and service.
    pub shipping_option: ShippingOption,
    /// Weight of the parcel, in grams.
    pub weight_grams: i32,
    /// Version of the cart that was ordered.
    pub cart_version: i64,
    /// Whether the ordered units are still in the customer's cart. While they are, another order of
    /// the cart is rejected.
    pub in_cart: bool,
    /// Id of the transaction that captured the payment.
    pub transaction: Option<String>,
    /// The carrier's tracking number.
    pub tracking_number: Option<String>,
    /// Why the checkout failed.
    pub failure: Option<Failure>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// An entry of an order's history: one change of its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Id of the entry.
    pub id: EntryId,
    /// The status after the change.
    pub status: Status,
    /// Actor that changed the status, and the reason.
    pub actor: Actor,
    /// Time of the change.
    pub created_at: Timestamp,
}

/// Effects of an event besides the changed fields of the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Actor of the status change and its reason, for the history; `None` if the status did not
    /// change.
    pub status_change: Option<Actor>,
    /// Outbox messages to write.
    pub messages: Vec<Topic>,
}

/// Why an event is invalid for an order: a defect of the saga that emitted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEvent {
    /// The status does not allow it.
    #[error(transparent)]
    Status(#[from] TransitionNotAllowed),
    /// The refund would exceed what was paid.
    #[error("the refund would exceed what was paid")]
    RefundTooLarge,
}

impl Order {
    /// Returns the currency of all amounts of the order.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.sums.total.currency()
    }

    /// Returns the amount that was captured and not refunded.
    #[must_use]
    pub fn unrefunded(&self) -> Money {
        let cents = match self.transaction {
            Some(_) => self.sums.total.cents() - self.refunded.cents(),
            None => 0,
        };
        Money::new(cents, self.currency())
    }

    /// Changes the status.
    ///
    /// # Errors
    /// Fails when the status does not allow the change.
    pub fn change_status(
        &mut self,
        to: Status,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Applied, TransitionNotAllowed> {
        self.status = self.status.transition_to(to)?;
        self.updated_at = now;
        let messages = match to {
            Status::Shipped => vec![Topic::ShippedMail],
            _ => Vec::new(),
        };
        Ok(Applied { status_change: Some(actor), messages })
    }

    /// Applies an event. An invalid event leaves the order unchanged.
    ///
    /// # Errors
    /// Fails when the status does not allow the change.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> Result<Applied, InvalidEvent> {
        let applied = match event {
            Event::Paid { transaction } => {
                self.transaction = Some(transaction.clone());
                Applied { status_change: None, messages: vec![Topic::TakeFromCart] }
            }
            Event::Confirmed { tracking_number } => {
                let mut applied = self.change_status(Status::Confirmed, Actor::system(""), now)?;
                self.tracking_number = Some(tracking_number.clone());
                applied.messages.push(Topic::ConfirmationMail);
                applied
            }
            Event::Cancelled { failure, actor } => {
                let mut applied = self.change_status(Status::Cancelled, actor.clone(), now)?;
                self.failure.clone_from(failure);
                self.in_cart = false;
                applied.messages.push(Topic::CancelledMail);
                applied
            }
            Event::ShipmentCancelled { actor } => {
                let mut applied = self.change_status(Status::Cancelled, actor.clone(), now)?;
                applied.messages.push(Topic::CancelledMail);
                applied
            }
            Event::Refunded { refund, amount, actor } => {
                let refunded =
                    self.refunded.plus(*amount).map_err(|_| InvalidEvent::RefundTooLarge)?;
                if amount.cents() > self.unrefunded().cents() {
                    return Err(InvalidEvent::RefundTooLarge);
                }
                let all = refunded == self.sums.total && self.status.is_paid();
                let mut applied = match all {
                    true => self.change_status(Status::Refunded, actor.clone(), now)?,
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
            Event::CancelRequested { .. } => Applied::default(),
        };
        self.updated_at = now;
        Ok(applied)
    }
}

#[cfg(test)]
mod tests;
