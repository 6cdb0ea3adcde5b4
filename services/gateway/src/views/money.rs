//! Amounts of money.

use std::ops::RangeInclusive;

use proto::common::v1;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::validation::{Field, FromJson, InvalidValue, Validator};

/// Range of a price. Cart totals cannot overflow 64 bits.
const PRICE_CENTS: RangeInclusive<i64> = 0..=100_000_000_000;

/// Range of a total.
const TOTAL_CENTS: RangeInclusive<i64> = 0..=i64::MAX;

/// An amount of money.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Money {
    /// Amount in the smallest unit of the currency: cents for USD.
    #[schema(example = 5900)]
    amount_cents: i64,
    /// Currency, ISO 4217.
    #[schema(example = "USD", pattern = "^[A-Z]{3}$")]
    currency: String,
}

impl From<v1::Money> for Money {
    fn from(v1::Money { amount_cents, currency }: v1::Money) -> Self {
        Self { amount_cents, currency }
    }
}

/// An amount of money in a request.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct Amount {
    /// Amount in the smallest unit of the currency: cents for USD.
    #[schema(
        value_type = i64, required, minimum = 0, maximum = 100_000_000_000_i64, example = 5900
    )]
    #[serde(default)]
    amount_cents: Field<i64>,
    /// Currency, ISO 4217.
    #[schema(value_type = String, required, pattern = "^[A-Z]{3}$", example = "USD")]
    #[serde(default)]
    currency: Field<String>,
}

impl FromJson for Amount {
    fn from_json(value: Value) -> Result<Self, InvalidValue> {
        let wrong_type = || InvalidValue::wrong_type("an object with amount_cents and currency");
        // Serde would also accept the fields as a list.
        if !value.is_object() {
            return Err(wrong_type());
        }
        serde_json::from_value(value).map_err(|_| wrong_type())
    }
}

impl Amount {
    /// Validates the fields and builds the message. Any known currency is valid here; the catalog
    /// enforces the currency of the shop.
    pub(crate) fn validate(self, validator: &mut Validator, name: &str) -> Option<v1::Money> {
        self.validate_in(validator, name, PRICE_CENTS)
    }

    /// Validates the total of an order, which may exceed the largest price.
    pub(crate) fn validate_total(self, validator: &mut Validator, name: &str) -> Option<v1::Money> {
        self.validate_in(validator, name, TOTAL_CENTS)
    }

    fn validate_in(
        self,
        validator: &mut Validator,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Option<v1::Money> {
        let field = format!("{name}.amount_cents");
        let amount = validator.required(&field, self.amount_cents);
        let amount = validator.number(&field, amount, range);
        let field = format!("{name}.currency");
        let currency = validator.required(&field, self.currency);
        let currency = validator.currency(&field, currency);
        Some(v1::Money { amount_cents: amount?, currency: currency? })
    }
}
