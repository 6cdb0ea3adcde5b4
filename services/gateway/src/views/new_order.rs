//! What a customer sends to order, and to call an order off.

use std::ops::RangeInclusive;

use proto::common::v1::Address;
use proto::order::v1;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::address::NewAddress;
use crate::auth::Caller;
use crate::check::{Check, Field, FromJson, Wrong};

/// A UUID, or a test id of the payment provider.
const METHOD_CHARS: RangeInclusive<usize> = 1..=100;
const OPTION_CHARS: RangeInclusive<usize> = 1..=100;
const CART_VERSION: RangeInclusive<i64> = 1..=i64::MAX;
/// Of what people say of an order.
pub(super) const NOTE_CHARS: RangeInclusive<usize> = 0..=500;

/// An order to be made of the caller's cart. One of `address_id` and `shipping_address` says where it
/// goes.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewOrder {
    /// An address of the caller's book.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    address_id: Field<String>,
    /// An address that need not be in the book.
    #[schema(value_type = Option<NewAddress>)]
    #[serde(default)]
    shipping_address: Field<NewAddress>,
    /// A saved method of the caller, or a test id of the built-in provider, such as `pm_test_visa`.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 100, example = "pm_test_visa"
    )]
    #[serde(default)]
    payment_method_id: Field<String>,
    /// How it is sent, as `GET /shipping/quotes` told; the cheapest way when absent.
    #[schema(value_type = Option<ShippingOption>)]
    #[serde(default)]
    shipping_option: Field<ShippingOption>,
    /// The `version` of the cart that the caller saw: a cart that has changed since is not ordered.
    #[schema(value_type = Option<i64>, minimum = 1)]
    #[serde(default)]
    cart_version: Field<i64>,
}

/// A way to send something.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct ShippingOption {
    /// The carrier.
    #[schema(value_type = String, required, min_length = 1, max_length = 100, example = "USPS")]
    #[serde(default)]
    carrier: Field<String>,
    /// Its service.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 100, example = "Priority Mail"
    )]
    #[serde(default)]
    service: Field<String>,
}

/// Where an order goes.
pub(crate) enum Destination {
    /// Here.
    Address(Address),
    /// To this address of the caller's book.
    Saved(Uuid),
}

/// An order that was read: the message, but for the address.
pub(crate) struct Wanted {
    pub(crate) request: v1::CreateOrderRequest,
    pub(crate) destination: Destination,
}

impl FromJson for ShippingOption {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        let wrong = || Wrong::type_of("an object with carrier and service");
        // Serde would also read the fields from a list.
        if !value.is_object() {
            return Err(wrong());
        }
        serde_json::from_value(value).map_err(|_| wrong())
    }
}

impl ShippingOption {
    fn read(self, check: &mut Check) -> Option<v1::ShippingOption> {
        let mut part = |name: &str, field: Field<String>| {
            let text = check.required(name, field);
            check.line(name, text, OPTION_CHARS)
        };
        let carrier = part("shipping_option.carrier", self.carrier);
        let service = part("shipping_option.service", self.service);
        Some(v1::ShippingOption { carrier: carrier?, service: service? })
    }
}

impl NewOrder {
    /// What is wanted, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        caller: Caller,
        idempotency_key: Option<String>,
    ) -> Option<Wanted> {
        let destination = destination(check, self.address_id, self.shipping_address);
        let method = check.required("payment_method_id", self.payment_method_id);
        let method = check.line("payment_method_id", method, METHOD_CHARS);
        let option = check.optional("shipping_option", self.shipping_option);
        let shipping_option = option.and_then(|option| option.read(check));
        let version = check.optional("cart_version", self.cart_version);
        let version = check.number("cart_version", version, CART_VERSION);
        let request = v1::CreateOrderRequest {
            user_id: caller.user_id.to_string(),
            shipping_address: None,
            payment_method_id: method?,
            idempotency_key: idempotency_key.unwrap_or_default(),
            shipping_option,
            cart_version: version.unwrap_or_default(),
            address_id: String::new(),
        };
        Some(Wanted { request, destination: destination? })
    }
}

fn destination(
    check: &mut Check,
    saved: Field<String>,
    address: Field<NewAddress>,
) -> Option<Destination> {
    match (is_there(&saved), is_there(&address)) {
        (true, true) => {
            check.fail("address_id", "invalid", "must not be given beside shipping_address");
            None
        }
        (true, false) => {
            let saved = check.optional("address_id", saved);
            check.uuid("address_id", saved.as_deref()).map(Destination::Saved)
        }
        (false, true) => {
            let address = check.optional("shipping_address", address)?;
            address.read(check, "shipping_address").map(Destination::Address)
        }
        (false, false) => {
            check.fail("shipping_address", "required", "is required unless address_id is given");
            None
        }
    }
}

fn is_there<T>(field: &Field<T>) -> bool {
    !matches!(field, Field::Absent | Field::Null)
}

/// Why an order is called off.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Cancellation {
    /// Why, in one line.
    #[schema(value_type = Option<String>, max_length = 500, example = "Ordered by mistake")]
    #[serde(default)]
    reason: Field<String>,
}

impl Cancellation {
    /// The reason; one in the query counts when none is here.
    pub(crate) fn read(self, check: &mut Check, in_query: Option<String>) -> String {
        let reason = check.optional("reason", self.reason).or(in_query);
        check.line("reason", reason, NOTE_CHARS).unwrap_or_default()
    }
}
