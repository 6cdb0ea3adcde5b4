//! Reading what a client sent: every field is looked at, and every one that is wrong is named.
//!
//! A body is a struct of [`Field`]s and a query is [`Params`]; a [`Check`] takes the values out of
//! them, notes what is wrong, and in the end either lets the request pass or answers all the errors
//! at once.

mod account;
mod body;
mod field;
mod idempotency;
mod params;
mod text;

use std::ops::RangeInclusive;

use kit::problem::FieldError;
use uuid::Uuid;

pub(crate) use body::Body;
pub(crate) use field::{Field, FromJson, Wrong};
pub(crate) use idempotency::{IdempotencyHeader, IdempotencyKey};
pub(crate) use params::{Page, Params, Span};
pub(crate) use text::is_slug;

use crate::problem::{Code, Problem};

/// Errors told at most; one request has few fields, but a list in it may be long.
const MAX_ERRORS: usize = 50;

/// The errors found so far.
#[derive(Debug, Default)]
pub(crate) struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    /// Nothing wrong yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Notes that `field` is wrong.
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

    /// All that was found, as one problem.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Code::InvalidRequest.problem().errors(self.errors))
    }

    /// `value`, when nothing was found.
    pub(crate) fn pass<T>(self, value: Option<T>) -> Result<T, Problem> {
        self.finish()?;
        value.ok_or_else(|| Code::InvalidRequest.problem())
    }

    /// The value of a field that may be left out; `null` is the same.
    pub(crate) fn optional<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Absent | Field::Null => None,
            Field::Value(value) => Some(value),
            Field::Wrong(wrong) => {
                self.fail(&wrong.within(name), wrong.code, wrong.detail);
                None
            }
        }
    }

    /// The value of a field that must be there.
    pub(crate) fn required<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Absent | Field::Null) {
            self.fail(name, "required", "is required");
        }
        self.optional(name, field)
    }

    /// The new value of a field that may be left alone, but has no `null`.
    pub(crate) fn changed<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if matches!(field, Field::Null) {
            self.fail(name, "wrong_type", "must not be null; leave it out to keep it");
        }
        self.optional(name, field)
    }

    /// `number`, when it lies within `range`.
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

    /// `text`, when it is a UUID.
    pub(crate) fn uuid(&mut self, name: &str, text: Option<&str>) -> Option<Uuid> {
        let id = Uuid::try_parse(text?).ok();
        if id.is_none() {
            self.fail(name, "invalid_uuid", "must be a UUID");
        }
        id
    }
}

#[cfg(test)]
mod tests;
