//! Requests to order a cart and to cancel an order.

use std::ops::RangeInclusive;

use proto::common::v1::Address;
use proto::order::v1;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::address::NewAddress;
use super::money::{Amount, Money};
use crate::auth::Caller;
use crate::validation::{Field, FromJson, InvalidValue, Validator};

/// Length of a payment method id: a UUID, or a test id of the payment provider.
const METHOD_CHARS: RangeInclusive<usize> = 1..=100;
const OPTION_CHARS: RangeInclusive<usize> = 1..=100;
pub(super) const CART_VERSION: RangeInclusive<i64> = 1..=i64::MAX;
/// Length of a note on an order.
pub(super) const NOTE_CHARS: RangeInclusive<usize> = 0..=500;

/// An order of the caller's cart. Exactly one of `address_id` and `shipping_address` must be given.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewOrder {
    /// Id of an address in the caller's address book.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    address_id: Field<String>,
    /// Shipping address that is not in the address book.
    #[schema(value_type = Option<NewAddress>)]
    #[serde(default)]
    shipping_address: Field<NewAddress>,
    /// Id of a saved payment method, or a test id of the built-in provider, such as `pm_test_visa`.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 100, example = "pm_test_visa"
    )]
    #[serde(default)]
    payment_method_id: Field<String>,
    /// Shipping option from `GET /shipping/quotes`; the cheapest if absent.
    #[schema(value_type = Option<ShippingOption>)]
    #[serde(default)]
    shipping_option: Field<ShippingOption>,
    /// Expected `version` of the cart. If the cart has changed since, it is not ordered.
    #[schema(value_type = Option<i64>, minimum = 1)]
    #[serde(default)]
    cart_version: Field<i64>,
    /// Highest total that the caller accepts, such as that of a preview. If the total is higher
    /// now, nothing is ordered. It is not part of the identity of a repeated request.
    #[schema(value_type = Option<Money>)]
    #[serde(default)]
    expected_total: Field<Amount>,
}

/// A shipping option.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct ShippingOption {
    /// Carrier.
    #[schema(value_type = String, required, min_length = 1, max_length = 100, example = "USPS")]
    #[serde(default)]
    carrier: Field<String>,
    /// Service of the carrier.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 100, example = "Priority Mail"
    )]
    #[serde(default)]
    service: Field<String>,
}

/// Shipping address of an order.
pub(crate) enum Destination {
    /// An address in the request.
    Address(Address),
    /// An address in the caller's address book.
    Saved(Uuid),
}

/// A validated order: the message without the address, and the destination.
pub(crate) struct ValidatedOrder {
    pub(crate) request: v1::CreateOrderRequest,
    pub(crate) destination: Destination,
}

impl FromJson for ShippingOption {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        let wrong_type = || InvalidValue::wrong_type("an object with carrier and service");
        // Serde would also accept the fields as a list.
        if !value.is_object() {
            return Err(wrong_type());
        }
        serde_json::from_value(value).map_err(|_| wrong_type())
    }
}

impl ShippingOption {
    /// Validates the fields.
    pub(super) fn validate(self, validator: &mut Validator) -> Option<v1::ShippingOption> {
        let mut part = |name: &str, field: Field<String>| {
            let text = validator.required(name, field);
            validator.line(name, text, OPTION_CHARS)
        };
        let carrier = part("shipping_option.carrier", self.carrier);
        let service = part("shipping_option.service", self.service);
        Some(v1::ShippingOption { carrier: carrier?, service: service? })
    }
}

impl NewOrder {
    /// Validates the fields of the order.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
        idempotency_key: Option<String>,
    ) -> Option<ValidatedOrder> {
        let destination = destination(validator, self.address_id, self.shipping_address);
        let method = validator.required("payment_method_id", self.payment_method_id);
        let method = validator.line("payment_method_id", method, METHOD_CHARS);
        let option = validator.optional("shipping_option", self.shipping_option);
        let shipping_option = option.and_then(|option| option.validate(validator));
        let version = validator.optional("cart_version", self.cart_version);
        let version = validator.number("cart_version", version, CART_VERSION);
        let expected = validator.optional("expected_total", self.expected_total);
        let expected_total =
            expected.and_then(|expected| expected.validate_total(validator, "expected_total"));
        let request = v1::CreateOrderRequest {
            user_id: caller.user_id.to_string(),
            shipping_address: None,
            payment_method_id: method?,
            idempotency_key: idempotency_key.unwrap_or_default(),
            shipping_option,
            cart_version: version.unwrap_or_default(),
            address_id: String::new(),
            expected_total,
        };
        Some(ValidatedOrder { request, destination: destination? })
    }
}

/// Validates the address, of which exactly one form must be given.
pub(super) fn destination(
    validator: &mut Validator,
    saved: Field<String>,
    address: Field<NewAddress>,
) -> Option<Destination> {
    match (has_value(&saved), has_value(&address)) {
        (true, true) => {
            validator.fail(
                "address_id",
                "invalid",
                "must not be given together with shipping_address",
            );
            None
        }
        (true, false) => {
            let saved = validator.optional("address_id", saved);
            validator.uuid("address_id", saved.as_deref()).map(Destination::Saved)
        }
        (false, true) => {
            let address = validator.optional("shipping_address", address)?;
            address.validate(validator, "shipping_address").map(Destination::Address)
        }
        (false, false) => {
            validator.fail(
                "shipping_address",
                "required",
                "is required unless address_id is given",
            );
            None
        }
    }
}

fn has_value<T>(field: &Field<T>) -> bool {
    !matches!(field, Field::Absent | Field::Null)
}

/// A cancellation of an order.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Cancellation {
    /// Reason, in one line.
    #[schema(value_type = Option<String>, max_length = 500, example = "Ordered by mistake")]
    #[serde(default)]
    reason: Field<String>,
}

impl Cancellation {
    /// Validates and returns the reason. The body takes precedence over the query.
    pub(crate) fn validate(self, validator: &mut Validator, in_query: Option<String>) -> String {
        let reason = validator.optional("reason", self.reason).or(in_query);
        validator.line("reason", reason, NOTE_CHARS).unwrap_or_default()
    }
}
