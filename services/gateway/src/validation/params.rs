//! Query parameters of a request.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use proto::common::v1::Pagination;
use utoipa::IntoParams;
use uuid::Uuid;
use wire::TimeError;

use super::Validator;

/// Items on a page when the client gives no page size.
const DEFAULT_PAGE_SIZE: i32 = 20;
/// Maximum number of items on a page.
const MAX_PAGE_SIZE: i64 = 100;

/// Query parameters by name. Unknown parameters are ignored.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Params {
    /// Parses `name=value&…`, percent-encoded.
    pub(crate) fn parse(query: &str) -> Self {
        Self { pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    /// Whether `name` occurs.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// Returns the value of `name`, which may occur once.
    pub(crate) fn single(&self, validator: &mut Validator, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name);
        let (_, value) = values.next()?;
        if values.next().is_some() {
            validator.fail(name, "repeated", "must be given at most once");
        }
        Some(value)
    }

    /// Returns an integer within `range`.
    pub(crate) fn number<N: Copy + TryFrom<i64>>(
        &self,
        validator: &mut Validator,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Option<N> {
        let text = self.single(validator, name)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            validator.fail(name, "wrong_type", "must be an integer");
            return None;
        }
        // A number that does not fit into 64 bits is out of any range.
        let huge = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        let number = text.parse().unwrap_or(huge);
        if number == huge {
            validator.fail(
                name,
                "out_of_range",
                format!("must be {} to {}", range.start(), range.end()),
            );
            return None;
        }
        validator.number(name, Some(number), range)
    }

    /// Returns a UUID.
    pub(crate) fn uuid(&self, validator: &mut Validator, name: &str) -> Option<Uuid> {
        let text = self.single(validator, name);
        validator.uuid(name, text)
    }

    /// Returns a boolean; false when absent.
    pub(crate) fn flag(&self, validator: &mut Validator, name: &str) -> bool {
        match self.single(validator, name) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                validator.fail(name, "wrong_type", "must be true or false");
                false
            }
        }
    }

    /// Returns the value of one of the named choices.
    pub(crate) fn choice<T: Copy>(
        &self,
        validator: &mut Validator,
        name: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.single(validator, name)?;
        let choice = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| *value);
        if choice.is_none() {
            let names: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
            validator.fail(name, "unknown_value", format!("must be one of {}", names.join(", ")));
        }
        choice
    }

    /// Returns a time in RFC 3339.
    pub(crate) fn time(&self, validator: &mut Validator, name: &str) -> Option<Timestamp> {
        match wire::parse_time(&with_plus(self.single(validator, name)?)) {
            Ok(time) => Some(time),
            Err(error) => {
                let code = match error {
                    TimeError::Malformed => "invalid_time",
                    TimeError::OutOfRange => "out_of_range",
                };
                validator.fail(name, code, error.to_string());
                None
            }
        }
    }

    /// Returns a search text, normalized by [`wire::normalize_query`], of `length` characters.
    pub(crate) fn query(
        &self,
        validator: &mut Validator,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let text = self.single(validator, name).map(wire::normalize_query);
        validator.line(name, text, length)
    }

    /// Returns the time range of `from` and `to`.
    pub(crate) fn time_range(&self, validator: &mut Validator) -> TimeRange {
        let range =
            TimeRange { from: self.time(validator, "from"), to: self.time(validator, "to") };
        if let (Some(from), Some(to)) = (range.from, range.to)
            && from > to
        {
            validator.fail("from", "out_of_range", "must not be after to");
        }
        range
    }

    /// Returns the pagination of `page` and `page_size`.
    pub(crate) fn page(&self, validator: &mut Validator) -> Pagination {
        Pagination {
            page: self.number(validator, "page", 1..=i64::from(i32::MAX)).unwrap_or(1),
            page_size: self
                .number(validator, "page_size", 1..=MAX_PAGE_SIZE)
                .unwrap_or(DEFAULT_PAGE_SIZE),
        }
    }
}

/// Restores the `+` of a UTC offset such as `+01:00`. In a query, an unescaped `+` means a space.
fn with_plus(time: &str) -> Cow<'_, str> {
    /// Length of an offset.
    const OFFSET_BYTES: usize = 6;
    /// Length of a time without its offset.
    const LOCAL_BYTES: usize = 19;
    match time.len().checked_sub(OFFSET_BYTES).and_then(|start| time.split_at_checked(start)) {
        Some((local, offset)) if local.len() >= LOCAL_BYTES && offset.starts_with(' ') => {
            format!("{local}+{}", &offset[1..]).into()
        }
        _ => time.into(),
    }
}

/// Time range; either bound may be absent.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimeRange {
    /// Start of the time range, inclusive.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-11-01T00:00:00Z")]
    from: Option<Timestamp>,
    /// End of the time range, exclusive.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-12-01T00:00:00Z")]
    to: Option<Timestamp>,
}

impl TimeRange {
    /// Begins the range `length` before its end, or before now, if the start is absent.
    pub(crate) fn starting_within(self, length: SignedDuration, now: Timestamp) -> Self {
        let from = self.from.unwrap_or_else(|| self.to.unwrap_or(now) - length);
        Self { from: Some(from), ..self }
    }

    /// Returns the bounds as in the messages: `""` when absent.
    pub(crate) fn bounds(&self) -> (String, String) {
        let text = |end: Option<Timestamp>| end.map(|time| time.to_string()).unwrap_or_default();
        (text(self.from), text(self.to))
    }
}

/// Documentation of the parameters of every paged list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by name in `Params::page`; documents the parameters")]
pub(crate) struct Page {
    /// Number of the page, from 1. A page past the end is an empty list.
    #[param(minimum = 1, maximum = 2_147_483_647, default = 1, example = 1)]
    page: Option<i32>,
    /// Items per page.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    page_size: Option<i32>,
}
