//! Amounts of money.

use std::ops::RangeInclusive;

use proto::common::v1;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::check::{Check, Field, FromJson, Wrong};

/// What a price may be; sums of carts stay far from the edge of 64 bits.
const PRICE_CENTS: RangeInclusive<i64> = 0..=100_000_000_000;

/// An amount in the smallest unit of its currency.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Money {
    /// The amount in the smallest unit: cents for USD.
    #[schema(example = 5900)]
    amount_cents: i64,
    /// The currency, ISO 4217.
    #[schema(example = "USD", pattern = "^[A-Z]{3}$")]
    currency: String,
}

impl From<v1::Money> for Money {
    fn from(v1::Money { amount_cents, currency }: v1::Money) -> Self {
        Self { amount_cents, currency }
    }
}

/// An amount that a client sends.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct Amount {
    /// The amount in the smallest unit: cents for USD.
    #[schema(value_type = i64, required, minimum = 0, maximum = 100_000_000_000_i64, example = 5900)]
    #[serde(default)]
    amount_cents: Field<i64>,
    /// The currency, ISO 4217.
    #[schema(value_type = String, required, pattern = "^[A-Z]{3}$", example = "USD")]
    #[serde(default)]
    currency: Field<String>,
}

impl FromJson for Amount {
    fn from_json(value: Value) -> Result<Self, Wrong> {
        let wrong = || Wrong::type_of("an object with amount_cents and currency");
        // Serde would also read the fields from a list.
        if !value.is_object() {
            return Err(wrong());
        }
        serde_json::from_value(value).map_err(|_| wrong())
    }
}

impl Amount {
    /// The message, when nothing is wrong with it. Which currency is the
    /// shop's the catalog knows.
    pub(crate) fn read(self, check: &mut Check, name: &str) -> Option<v1::Money> {
        let field = format!("{name}.amount_cents");
        let amount = check.required(&field, self.amount_cents);
        let amount = check.number(&field, amount, PRICE_CENTS);
        let field = format!("{name}.currency");
        let currency = check.required(&field, self.currency);
        let currency = check.currency(&field, currency);
        Some(v1::Money { amount_cents: amount?, currency: currency? })
    }
}
