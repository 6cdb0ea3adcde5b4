//! Validation of requests: all fields are validated, and all errors are reported at once.
//!
//! A body is a struct of [`Field`]s and a query is [`Params`]. A [`Validator`] takes the values out
//! of them, collects the errors, and finally passes the request or returns one problem with all
//! errors.

mod account;
mod body;
mod conditional;
mod field;
mod idempotency;
mod json;
mod params;
mod text;

use std::ops::RangeInclusive;

use kit::problem::FieldError;
use uuid::Uuid;

pub(crate) use body::{Body, MAX_PRODUCT_BYTES};
pub(crate) use conditional::{Condition, IfMatch, IfMatchHeader, IfNoneMatchHeader};
pub(crate) use field::{Field, FromJson, InvalidValue};
pub(crate) use idempotency::{IdempotencyHeader, IdempotencyKey};
pub(crate) use params::{Page, Params, TimeRange};
pub(crate) use text::is_slug;

use crate::cart_token::CartToken;
use crate::problem::{Code, Problem};

/// Maximum number of errors in a problem. A request has few fields, but a list in it may be long.
const MAX_ERRORS: usize = 50;

/// Collector of validation errors.
#[derive(Debug, Default)]
pub(crate) struct Validator {
    errors: Vec<FieldError>,
}

impl Validator {
    /// Creates a validator without errors.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds an error of `field`.
    pub(crate) fn fail(&mut self, field: &str, code: &str, detail: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError {
                field: field.to_owned(),
                code: code.to_owned(),
                detail: detail.into(),
                product_id: None,
            });
        }
    }

    /// Returns all errors as one problem.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Code::InvalidRequest.problem().errors(self.errors))
    }

    /// Returns `value` when there are no errors.
    pub(crate) fn pass<T>(self, value: Option<T>) -> Result<T, Problem> {
        self.finish()?;
        value.ok_or_else(|| Code::InvalidRequest.problem())
    }

    /// Returns the value of an optional field; `null` means absent.
    pub(crate) fn optional<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Absent | Field::Null => None,
            Field::Value(value) => Some(value),
            Field::Invalid(error) => {
                self.fail(&error.path_within(name), error.code, error.detail);
                None
            }
        }
    }

    /// Returns the value of a required field.
    pub(crate) fn required<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Absent | Field::Null) {
            self.fail(name, "required", "is required");
        }
        self.optional(name, field)
    }

    /// Returns the new value of a field in a partial update. Absent means unchanged; `null` is an
    /// error.
    pub(crate) fn changed<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Null) {
            self.fail(name, "wrong_type", "must not be null; omit the field to leave it unchanged");
        }
        self.optional(name, field)
    }

    /// Returns `number` when it is within `range`.
    pub(crate) fn number<N: Copy + TryFrom<i64>>(
        &mut self,
        name: &str,
        number: Option<i64>,
        range: RangeInclusive<i64>,
    ) -> Option<N> {
        let number = number?;
        match N::try_from(number) {
            Ok(fits) if range.contains(&number) => Some(fits),
            _ => {
                let detail = format!("must be {} to {}", range.start(), range.end());
                self.fail(name, "out_of_range", detail);
                None
            }
        }
    }

    /// Parses a UUID.
    pub(crate) fn uuid(&mut self, name: &str, text: Option<&str>) -> Option<Uuid> {
        let id = Uuid::try_parse(text?).ok();
        if id.is_none() {
            self.fail(name, "invalid_uuid", "must be a UUID");
        }
        id
    }

    /// Parses the token of a guest's cart.
    pub(crate) fn cart_token(&mut self, name: &str, text: &str) -> Option<CartToken> {
        let token = CartToken::parse(text);
        if token.is_none() {
            self.fail(name, "invalid", "must be a cart token: 43 characters of base64url");
        }
        token
    }
}

#[cfg(test)]
mod tests;
