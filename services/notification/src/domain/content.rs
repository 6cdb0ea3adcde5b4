//! What mails say.

use jiff::SignedDuration;
use money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::Address;

/// How long a reset of a password is good, and so the mail of it.
const RESET_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// What a mail says, as it is kept until the mail is sent. No `Debug`: logs must not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// An account was made.
    Welcome(Welcome),
    /// Somebody asks for a new password.
    PasswordReset(PasswordReset),
    /// An order is confirmed.
    OrderConfirmation(OrderConfirmation),
    /// A shipment is somewhere else.
    ShippingUpdate(ShippingUpdate),
    /// An order is cancelled.
    OrderCancelled(OrderCancelled),
    /// Money was given back.
    RefundIssued(RefundIssued),
}

/// To a new customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Given name; may be empty.
    pub first_name: String,
}

/// To whoever asked for a new password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordReset {
    /// Good once, and for an hour.
    pub token: String,
}

/// To a customer whose order is confirmed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfirmation {
    /// Given name; may be empty.
    pub first_name: String,
    /// The order.
    pub order: Uuid,
    /// Its lines.
    pub items: Vec<Item>,
    /// Sum of the lines.
    pub subtotal: Money,
    /// Cost of shipping.
    pub shipping: Money,
    /// Tax, if the caller told it.
    pub tax: Option<Money>,
    /// What is paid.
    pub total: Money,
    /// Where it goes, line by line.
    pub address: Vec<String>,
    /// The carrier's number; may be empty.
    pub tracking_number: String,
}

/// A line of an order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Name of the product.
    pub product_name: String,
    /// Units.
    pub quantity: i32,
    /// Price of one.
    pub unit_price: Money,
    /// Price of all.
    pub total_price: Money,
}

/// To a customer whose parcel is somewhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingUpdate {
    /// Given name; may be empty.
    pub first_name: String,
    /// The order.
    pub order: Uuid,
    /// The carrier's number; may be empty.
    pub tracking_number: String,
    /// Who carries it; may be empty.
    pub carrier: String,
    /// A word such as `out_for_delivery`.
    pub status: String,
    /// Where it is; may be empty.
    pub location: String,
}

/// To a customer whose order is cancelled.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Given name; may be empty.
    pub first_name: String,
    /// The order.
    pub order: Uuid,
    /// Why; may be empty.
    pub reason: String,
}

/// To a customer who was given money back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundIssued {
    /// Given name; may be empty.
    pub first_name: String,
    /// The order.
    pub order: Uuid,
    /// How much.
    pub amount: Money,
}

impl Content {
    /// The name of its kind, in the database, in answers and in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::PasswordReset(_) => "password_reset",
            Self::OrderConfirmation(_) => "order_confirmation",
            Self::ShippingUpdate(_) => "shipping_update",
            Self::OrderCancelled(_) => "order_cancelled",
            Self::RefundIssued(_) => "refund_issued",
        }
    }

    /// Its subject line, in a mail of the shop of that name.
    pub fn subject(&self, shop: &str) -> String {
        match self {
            Self::Welcome(_) => format!("Welcome to {shop}"),
            Self::PasswordReset(_) => format!("Reset your password at {shop}"),
            Self::OrderConfirmation(mail) => format!("Order {} is confirmed", mail.order),
            Self::ShippingUpdate(mail) => format!("Order {}: {}", mail.order, mail.status_words()),
            Self::OrderCancelled(mail) => format!("Order {} is cancelled", mail.order),
            Self::RefundIssued(mail) => format!("Refund for order {}", mail.order),
        }
    }

    /// The reader's given name; may be empty.
    pub fn first_name(&self) -> &str {
        match self {
            Self::Welcome(mail) => &mail.first_name,
            Self::PasswordReset(_) => "",
            Self::OrderConfirmation(mail) => &mail.first_name,
            Self::ShippingUpdate(mail) => &mail.first_name,
            Self::OrderCancelled(mail) => &mail.first_name,
            Self::RefundIssued(mail) => &mail.first_name,
        }
    }

    /// How long it is of use, if not for ever.
    pub fn lifetime(&self) -> Option<SignedDuration> {
        match self {
            Self::PasswordReset(_) => Some(RESET_LIFETIME),
            Self::Welcome(_)
            | Self::OrderConfirmation(_)
            | Self::ShippingUpdate(_)
            | Self::OrderCancelled(_)
            | Self::RefundIssued(_) => None,
        }
    }
}

impl ShippingUpdate {
    /// The status without the form of a constant: `out for delivery`.
    pub fn status_words(&self) -> String {
        self.status.to_lowercase().replace('_', " ")
    }

    /// What it means, in a sentence.
    pub fn sentence(&self) -> String {
        match self.status_words().as_str() {
            "label created" => "The label of your parcel is printed.".to_owned(),
            "picked up" | "shipped" => "Your parcel is on its way.".to_owned(),
            "in transit" => "Your parcel is travelling to you.".to_owned(),
            "out for delivery" => "Your parcel is out for delivery.".to_owned(),
            "delivered" => "Your parcel was delivered.".to_owned(),
            "failed" => "Your parcel could not be delivered.".to_owned(),
            "cancelled" => "Your shipment was cancelled.".to_owned(),
            other => format!("Your parcel has a new status: {other}."),
        }
    }
}

/// An address as it stands on a parcel; `name` is for one that names nobody.
pub fn lines(address: Address, name: &str) -> Vec<String> {
    let Address { recipient, street, city, state, zip_code, country } = address;
    let who = if recipient.is_empty() { name.to_owned() } else { recipient };
    let region = [state, zip_code].join(" ").trim().to_owned();
    let place = if region.is_empty() { city } else { format!("{city}, {region}") };
    [who, street, place, country].into_iter().filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_leave_out_what_they_do_not_have() {
        let address = Address {
            recipient: String::new(),
            street: "1 Main St".into(),
            city: "Springfield".into(),
            state: "IL".into(),
            zip_code: "62701".into(),
            country: "US".into(),
        };
        let full = lines(address.clone(), "Ada");
        assert_eq!(full, ["Ada", "1 Main St", "Springfield, IL 62701", "US"]);
        let sparse = Address {
            state: String::new(),
            zip_code: String::new(),
            country: "HK".into(),
            ..address
        };
        assert_eq!(lines(sparse, ""), ["1 Main St", "Springfield", "HK"]);
    }

    #[test]
    fn what_is_kept_is_named_as_its_kind() {
        let content = Content::PasswordReset(PasswordReset { token: "t".into() });
        let kept = serde_json::to_value(&content).unwrap();
        assert_eq!(kept["kind"], content.kind());
        assert!(serde_json::from_value::<Content>(kept).unwrap() == content);
    }

    #[test]
    fn every_status_makes_a_sentence() {
        let update = |status: &str| ShippingUpdate {
            first_name: String::new(),
            order: Uuid::nil(),
            tracking_number: String::new(),
            carrier: String::new(),
            status: status.into(),
            location: String::new(),
        };
        assert_eq!(update("OUT_FOR_DELIVERY").sentence(), "Your parcel is out for delivery.");
        assert_eq!(update("at customs").sentence(), "Your parcel has a new status: at customs.");
    }
}
