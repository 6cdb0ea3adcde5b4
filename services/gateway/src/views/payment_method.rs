//! Saved ways to pay. What comes in cannot be printed: it holds card numbers.

use std::ops::RangeInclusive;

use proto::payment::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::check::{Check, Field};

const MONTH: RangeInclusive<i64> = 1..=12;
const YEAR: RangeInclusive<i64> = 2000..=2100;
/// The number and the blanks or hyphens that people write between its groups.
const CARD_NUMBER_CHARS: RangeInclusive<usize> = 1..=40;
const CVV_CHARS: RangeInclusive<usize> = 1..=4;

/// A saved card. Of its number only the last four digits are known.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethod {
    /// The method.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a50")]
    id: String,
    /// The brand.
    #[schema(example = "visa")]
    brand: String,
    /// The last four digits.
    #[schema(pattern = "^[0-9]{4}$", example = "4242")]
    last_four: String,
    /// The month of expiry.
    #[schema(minimum = 1, maximum = 12, example = 12)]
    exp_month: i32,
    /// The year of expiry.
    #[schema(example = 2030)]
    exp_year: i32,
    /// Exactly one of a customer's methods is the default.
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

/// All saved ways to pay of a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentMethodList {
    /// All of them, the default one first.
    payment_methods: Vec<PaymentMethod>,
}

impl From<v1::ListPaymentMethodsResponse> for PaymentMethodList {
    fn from(message: v1::ListPaymentMethodsResponse) -> Self {
        let payment_methods = message.payment_methods.into_iter().map(PaymentMethod::from);
        Self { payment_methods: payment_methods.collect() }
    }
}

/// A card to be saved.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct NewCard {
    /// The number, with or without blanks. It goes to the payment provider and is kept nowhere.
    #[schema(value_type = String, required, min_length = 1, max_length = 40, example = "4242424242424242")]
    #[serde(default)]
    card_number: Field<String>,
    /// The month of expiry.
    #[schema(value_type = i32, required, minimum = 1, maximum = 12, example = 12)]
    #[serde(default)]
    exp_month: Field<i64>,
    /// The year of expiry, four digits: this one or one of the next 20.
    #[schema(value_type = i32, required, minimum = 2000, maximum = 2100, example = 2030)]
    #[serde(default)]
    exp_year: Field<i64>,
    /// The check digits. They go to the payment provider and are kept nowhere.
    #[schema(value_type = String, required, min_length = 1, max_length = 4, example = "123")]
    #[serde(default)]
    cvv: Field<String>,
    /// Makes it the default; the first one is that by itself.
    #[schema(value_type = Option<bool>, default = false, example = true)]
    #[serde(default)]
    is_default: Field<bool>,
}

impl NewCard {
    /// The message, or all that is wrong.
    pub(crate) fn read(
        self,
        check: &mut Check,
        caller: Caller,
        idempotency_key: Option<String>,
    ) -> Option<v1::AddPaymentMethodRequest> {
        let card_number = check.required("card_number", self.card_number);
        let card_number = check.line("card_number", card_number, CARD_NUMBER_CHARS);
        let exp_month = check.required("exp_month", self.exp_month);
        let exp_month = check.number("exp_month", exp_month, MONTH);
        let exp_year = check.required("exp_year", self.exp_year);
        let exp_year = check.number("exp_year", exp_year, YEAR);
        let cvv = check.required("cvv", self.cvv);
        let cvv = check.line("cvv", cvv, CVV_CHARS);
        let is_default = check.optional("is_default", self.is_default);
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
