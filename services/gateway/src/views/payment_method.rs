//! Saved payment methods. `NewCard` does not implement `Debug`: it contains a card number.

use std::ops::RangeInclusive;

use proto::payment::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::validation::{Field, Validator};

const MONTH: RangeInclusive<i64> = 1..=12;
const YEAR: RangeInclusive<i64> = 2000..=2100;
/// Length of a card number, including blanks or hyphens between its groups.
const CARD_NUMBER_CHARS: RangeInclusive<usize> = 1..=40;
const CVV_CHARS: RangeInclusive<usize> = 1..=4;

/// A saved card. Only the last four digits of its number are stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethod {
    /// Id of the payment method.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a50")]
    id: String,
    /// Card brand.
    #[schema(example = "visa")]
    brand: String,
    /// Last four digits.
    #[schema(pattern = "^[0-9]{4}$", example = "4242")]
    last_four: String,
    /// Month of expiry.
    #[schema(minimum = 1, maximum = 12, example = 12)]
    exp_month: i32,
    /// Year of expiry.
    #[schema(example = 2030)]
    exp_year: i32,
    /// Whether this is the default. Exactly one of a customer's payment methods is the default.
    #[schema(example = true)]
    is_default: bool,
}

impl From<v1::PaymentMethod> for PaymentMethod {
    fn from(method: v1::PaymentMethod) -> Self {
        Self {
            id: method.id,
            brand: method.brand,
            last_four: method.last_four,
            exp_month: method.exp_month,
            exp_year: method.exp_year,
            is_default: method.is_default,
        }
    }
}

/// All saved payment methods of a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethodList {
    /// All payment methods, the default first.
    payment_methods: Vec<PaymentMethod>,
}

impl From<v1::ListPaymentMethodsResponse> for PaymentMethodList {
    fn from(message: v1::ListPaymentMethodsResponse) -> Self {
        let payment_methods = message.payment_methods.into_iter().map(PaymentMethod::from);
        Self { payment_methods: payment_methods.collect() }
    }
}

/// A card to save.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewCard {
    /// Card number, with or without blanks. It is passed to the payment provider and not stored.
    #[schema(
        value_type = String, required, min_length = 1, max_length = 40, example = "4242424242424242"
    )]
    #[serde(default)]
    card_number: Field<String>,
    /// Month of expiry.
    #[schema(value_type = i32, required, minimum = 1, maximum = 12, example = 12)]
    #[serde(default)]
    exp_month: Field<i64>,
    /// Year of expiry, four digits: the current year or one of the next 20.
    #[schema(value_type = i32, required, minimum = 2000, maximum = 2100, example = 2030)]
    #[serde(default)]
    exp_year: Field<i64>,
    /// Security code. It is passed to the payment provider and not stored.
    #[schema(value_type = String, required, min_length = 1, max_length = 4, example = "123")]
    #[serde(default)]
    cvv: Field<String>,
    /// Whether to make it the default. The first payment method is always the default.
    #[schema(value_type = Option<bool>, default = false, example = true)]
    #[serde(default)]
    is_default: Field<bool>,
}

impl NewCard {
    /// Validates the fields and builds the request message.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
        idempotency_key: Option<String>,
    ) -> Option<v1::AddPaymentMethodRequest> {
        let card_number = validator.required("card_number", self.card_number);
        let card_number = validator.line("card_number", card_number, CARD_NUMBER_CHARS);
        let exp_month = validator.required("exp_month", self.exp_month);
        let exp_month = validator.number("exp_month", exp_month, MONTH);
        let exp_year = validator.required("exp_year", self.exp_year);
        let exp_year = validator.number("exp_year", exp_year, YEAR);
        let cvv = validator.required("cvv", self.cvv);
        let cvv = validator.line("cvv", cvv, CVV_CHARS);
        let is_default = validator.optional("is_default", self.is_default);
        Some(v1::AddPaymentMethodRequest {
            user_id: caller.user_id.to_string(),
            r#type: v1::PaymentMethodType::Card.into(),
            card_number: card_number?,
            exp_month: exp_month?,
            exp_year: exp_year?,
            cvv: cvv?,
            is_default: is_default.unwrap_or_default(),
            idempotency_key: idempotency_key.unwrap_or_default(),
        })
    }
}
