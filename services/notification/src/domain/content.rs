//! The content of mails.

use std::fmt::{self, Display, Formatter};

use jiff::SignedDuration;
use money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::Address;

/// The lifetime of a password reset token, and so of its mail.
const RESET_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The lifetime of a token that verifies an e-mail address, and so of its mail.
const VERIFICATION_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// The content of a mail, stored until the mail is sent. It has no `Debug`, because logs must not
/// contain it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Welcome after a registration.
    Welcome(Welcome),
    /// Password reset.
    PasswordReset(PasswordReset),
    /// Verification of an e-mail address.
    EmailVerification(EmailVerification),
    /// Notice to the former address of an account.
    EmailChanged(EmailChanged),
    /// Confirmation of an order.
    OrderConfirmation(OrderConfirmation),
    /// New status of a shipment.
    ShippingUpdate(ShippingUpdate),
    /// Cancellation of an order.
    OrderCancelled(OrderCancelled),
    /// Refund of an order.
    RefundIssued(RefundIssued),
    /// Throttled sign-ins with the recipient's address.
    SignInThrottled(SignInThrottled),
}

/// Content of the welcome mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// First name; may be empty.
    pub first_name: String,
}

/// Content of the password reset mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordReset {
    /// The reset token, valid once and for an hour.
    pub token: String,
}

/// Content of the mail that verifies an e-mail address. It has no name and no other text of a
/// caller, because the recipient may be a stranger.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailVerification {
    /// The token, valid once and for a day.
    pub token: String,
}

/// Content of the notice to the former address of an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailChanged {}

/// Content of the order confirmation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfirmation {
    /// First name; may be empty.
    pub first_name: String,
    /// The order.
    #[serde(flatten)]
    pub order: OrderReference,
    /// Line items of the order.
    pub items: Vec<LineItem>,
    /// Sum of the line items.
    pub subtotal: Money,
    /// Cost of shipping.
    pub shipping: Money,
    /// Tax; `None` if the caller did not provide it.
    pub tax: Option<Money>,
    /// Amount to pay.
    pub total: Money,
    /// Lines of the shipping address; empty if the caller did not provide it.
    pub address: Vec<String>,
    /// Tracking number; may be empty.
    pub tracking_number: String,
}

/// The order that a mail is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReference {
    /// ID of the order.
    #[serde(rename = "order")]
    pub id: Uuid,
    /// Number of the order; empty if the caller, or the release that stored the mail, has none.
    #[serde(rename = "order_number", default)]
    pub number: String,
}

/// Formats the number, or the ID of an order without a number.
impl Display for OrderReference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.number.as_str() {
            "" => self.id.fmt(f),
            number => f.write_str(number),
        }
    }
}

/// A line item of an order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineItem {
    /// Name of the product.
    pub product_name: String,
    /// Number of units.
    pub quantity: i32,
    /// Price of one unit.
    pub unit_price: Money,
    /// Price of all units.
    pub total_price: Money,
}

/// Content of the shipping update.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingUpdate {
    /// First name; may be empty.
    pub first_name: String,
    /// The order.
    #[serde(flatten)]
    pub order: OrderReference,
    /// Tracking number; may be empty.
    pub tracking_number: String,
    /// Name of the carrier; may be empty.
    pub carrier: String,
    /// Status of the shipment, such as `out_for_delivery`.
    pub status: String,
    /// Location of the parcel; may be empty.
    pub location: String,
}

/// Content of the cancellation mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// First name; may be empty.
    pub first_name: String,
    /// The order.
    #[serde(flatten)]
    pub order: OrderReference,
    /// Reason of the cancellation; may be empty.
    pub reason: String,
}

/// Content of the refund mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundIssued {
    /// First name; may be empty.
    pub first_name: String,
    /// The order.
    #[serde(flatten)]
    pub order: OrderReference,
    /// Refunded amount.
    pub amount: Money,
}

/// Content of the mail about throttled sign-ins. It has no text of a caller, because strangers
/// cause it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInThrottled {}

impl Content {
    /// Returns the name of the kind in the database, in responses and in metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::PasswordReset(_) => "password_reset",
            Self::EmailVerification(_) => "email_verification",
            Self::EmailChanged(_) => "email_changed",
            Self::OrderConfirmation(_) => "order_confirmation",
            Self::ShippingUpdate(_) => "shipping_update",
            Self::OrderCancelled(_) => "order_cancelled",
            Self::RefundIssued(_) => "refund_issued",
            Self::SignInThrottled(_) => "sign_in_throttled",
        }
    }

    /// Returns the subject line. `shop` is the name of the shop.
    #[must_use]
    pub fn subject(&self, shop: &str) -> String {
        match self {
            Self::Welcome(_) => format!("Welcome to {shop}"),
            Self::PasswordReset(_) => format!("Reset your password at {shop}"),
            Self::EmailVerification(_) => format!("Confirm your e-mail address at {shop}"),
            Self::EmailChanged(_) => format!("Your e-mail address at {shop} has changed"),
            Self::OrderConfirmation(mail) => format!("Order {} is confirmed", mail.order),
            Self::ShippingUpdate(mail) => format!("Order {}: {}", mail.order, mail.status_words()),
            Self::OrderCancelled(mail) => format!("Order {} is cancelled", mail.order),
            Self::RefundIssued(mail) => format!("Refund for order {}", mail.order),
            Self::SignInThrottled(_) => format!("Failed sign-ins to your account at {shop}"),
        }
    }

    /// Returns the recipient's first name; may be empty.
    #[must_use]
    pub fn first_name(&self) -> &str {
        match self {
            Self::Welcome(mail) => &mail.first_name,
            Self::PasswordReset(_)
            | Self::EmailVerification(_)
            | Self::EmailChanged(_)
            | Self::SignInThrottled(_) => "",
            Self::OrderConfirmation(mail) => &mail.first_name,
            Self::ShippingUpdate(mail) => &mail.first_name,
            Self::OrderCancelled(mail) => &mail.first_name,
            Self::RefundIssued(mail) => &mail.first_name,
        }
    }

    /// Returns how long the mail is useful; `None` if without limit.
    #[must_use]
    pub fn lifetime(&self) -> Option<SignedDuration> {
        match self {
            Self::PasswordReset(_) => Some(RESET_LIFETIME),
            Self::EmailVerification(_) => Some(VERIFICATION_LIFETIME),
            Self::Welcome(_)
            | Self::EmailChanged(_)
            | Self::OrderConfirmation(_)
            | Self::ShippingUpdate(_)
            | Self::OrderCancelled(_)
            | Self::RefundIssued(_)
            | Self::SignInThrottled(_) => None,
        }
    }
}

impl ShippingUpdate {
    /// Returns the status in lower case with spaces: `out for delivery`.
    #[must_use]
    pub fn status_words(&self) -> String {
        self.status.to_lowercase().replace('_', " ")
    }

    /// Returns a sentence that describes the status.
    #[must_use]
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

/// Returns the lines of a postal address. `name` replaces an empty recipient.
#[must_use]
pub fn address_lines(address: Address, name: &str) -> Vec<String> {
    let Address { recipient, street, city, state, zip_code, country } = address;
    let addressee = if recipient.is_empty() { name.to_owned() } else { recipient };
    let region = [state, zip_code].join(" ").trim().to_owned();
    let place = if region.is_empty() { city } else { format!("{city}, {region}") };
    [addressee, street, place, country].into_iter().filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_lines_omit_empty_fields() {
        let address = Address {
            recipient: String::new(),
            street: "1 Main St".into(),
            city: "Springfield".into(),
            state: "IL".into(),
            zip_code: "62701".into(),
            country: "US".into(),
        };
        let full = address_lines(address.clone(), "Ada");
        assert_eq!(full, ["Ada", "1 Main St", "Springfield, IL 62701", "US"]);
        let sparse = Address {
            state: String::new(),
            zip_code: String::new(),
            country: "HK".into(),
            ..address
        };
        assert_eq!(address_lines(sparse, ""), ["1 Main St", "Springfield", "HK"]);
    }

    #[test]
    fn stored_content_is_tagged_with_its_kind() {
        let content = Content::PasswordReset(PasswordReset { token: "t".into() });
        let stored = serde_json::to_value(&content).unwrap();
        assert_eq!(stored["kind"], content.kind());
        assert!(serde_json::from_value::<Content>(stored).unwrap() == content);
    }

    /// What the previous release stored has no number.
    #[test]
    fn order_is_named_by_its_number_or_id() {
        let id = "01900000-0000-7000-8000-000000000001";
        let stored = |number: serde_json::Value| {
            let mut stored = serde_json::json!({
                "kind": "order_cancelled", "first_name": "Ada", "order": id, "reason": "",
            });
            stored.as_object_mut().unwrap().extend(number.as_object().unwrap().clone());
            stored
        };
        for (number, name) in [
            (serde_json::json!({}), id),
            (serde_json::json!({"order_number": ""}), id),
            (serde_json::json!({"order_number": "K7Q2-M9XD-4T"}), "K7Q2-M9XD-4T"),
        ] {
            let content: Content = serde_json::from_value(stored(number)).unwrap();
            assert_eq!(content.subject("Shop"), format!("Order {name} is cancelled"));
            let stored = serde_json::to_value(&content).unwrap();
            assert_eq!(stored["order"], id, "as the previous release reads it");
        }
    }

    #[test]
    fn any_status_has_a_sentence() {
        let update = |status: &str| ShippingUpdate {
            first_name: String::new(),
            order: OrderReference { id: Uuid::nil(), number: String::new() },
            tracking_number: String::new(),
            carrier: String::new(),
            status: status.into(),
            location: String::new(),
        };
        assert_eq!(update("OUT_FOR_DELIVERY").sentence(), "Your parcel is out for delivery.");
        assert_eq!(update("at customs").sentence(), "Your parcel has a new status: at customs.");
    }
}
