//! Saved payment methods. `NewCard` does not implement `Debug`: it contains a card number.

use jiff::civil::Date;
use proto::payment::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::card::{Brand, Cvv, Expiry, ExpiryError, Number, NumberError};

use crate::auth::Caller;
use crate::validation::{Field, Validator};

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
    /// Validates the fields by the rules of the payment service and builds the request message. An
    /// invalid type of one field must not hide that another one is invalid. `today` is in UTC.
    pub(crate) fn validate(
        self,
        validator: &mut Validator,
        caller: Caller,
        idempotency_key: Option<String>,
        today: Date,
    ) -> Option<v1::AddPaymentMethodRequest> {
        let card_number = validator.required("card_number", self.card_number);
        let (card_number, brand) = validate_number(validator, card_number).unzip();
        let exp_month = validator.required("exp_month", self.exp_month);
        let exp_year = validator.required("exp_year", self.exp_year);
        let (exp_month, exp_year) = validate_expiry(validator, exp_month, exp_year, today).unzip();
        let cvv = validator.required("cvv", self.cvv);
        let cvv = validate_cvv(validator, cvv, brand);
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

/// Validates a card number and returns it with its brand.
fn validate_number(validator: &mut Validator, text: Option<String>) -> Option<(String, Brand)> {
    let text = text?;
    match Number::parse(&text) {
        Ok(number) => Some((text, number.brand())),
        Err(error) => {
            let code = if error == NumberError::Missing { "too_short" } else { "invalid" };
            validator.fail("card_number", code, error.to_string());
            None
        }
    }
}

/// Validates month and year of an expiry. Each is validated even if the other one is absent.
fn validate_expiry(
    validator: &mut Validator,
    month: Option<i64>,
    year: Option<i64>,
    today: Date,
) -> Option<(i32, i32)> {
    // In the place of an absent part, one that is always valid.
    let any_year = i32::from(today.year()) + 1;
    let part = |number: Option<i64>, valid: i32| match number {
        // A number that is too large for the message is out of range, too.
        Some(number) => i32::try_from(number).unwrap_or(i32::MAX),
        None => valid,
    };
    let expiry = Expiry::new(part(month, 12), part(year, any_year), today);
    for error in expiry.as_ref().err().into_iter().flatten() {
        let (field, code) = match error {
            ExpiryError::Month => ("exp_month", "out_of_range"),
            ExpiryError::Year => ("exp_year", "out_of_range"),
            ExpiryError::Past => ("exp_month", "invalid"),
        };
        validator.fail(field, code, error.to_string());
    }
    let expiry = expiry.ok()?;
    month.and(year).map(|_| (expiry.month, expiry.year))
}

fn validate_cvv(
    validator: &mut Validator,
    text: Option<String>,
    brand: Option<Brand>,
) -> Option<String> {
    let text = text?;
    if Cvv::parse(&text, brand).is_none() {
        let detail = "must be the three or four digits that are printed on the card";
        validator.fail("cvv", "invalid", detail);
        return None;
    }
    Some(text)
}
