//! The query of a request.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;
use proto::common::v1::Pagination;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Check;

/// Items on a page when the client does not say.
const DEFAULT_PAGE_SIZE: i32 = 20;
/// Items on a page at most.
const MAX_PAGE_SIZE: i64 = 100;

/// The parameters of a query, by name. Unknown ones are ignored.
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
    /// Reads `name=value&…`, percent-encoded.
    pub(crate) fn parse(query: &str) -> Self {
        Self { pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    /// The value of `name`, which may be there once.
    pub(crate) fn one(&self, check: &mut Check, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name);
        let (_, value) = values.next()?;
        if values.next().is_some() {
            check.fail(name, "repeated", "may be given once");
        }
        Some(value)
    }

    /// A whole number within `range`.
    pub(crate) fn number<N: Copy + TryFrom<i64>>(
        &self,
        check: &mut Check,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Option<N> {
        let text = self.one(check, name)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            check.fail(name, "wrong_type", "must be an integer");
            return None;
        }
        // More digits than a number has: as far out of range as any.
        let huge = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        let number = text.parse().unwrap_or(huge);
        if number == huge {
            check.fail(
                name,
                "out_of_range",
                format!("must be {} to {}", range.start(), range.end()),
            );
            return None;
        }
        check.number(name, Some(number), range)
    }

    /// An id.
    pub(crate) fn uuid(&self, check: &mut Check, name: &str) -> Option<Uuid> {
        let text = self.one(check, name);
        check.uuid(name, text)
    }

    /// `true` or `false`; false when absent.
    pub(crate) fn flag(&self, check: &mut Check, name: &str) -> bool {
        match self.one(check, name) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                check.fail(name, "wrong_type", "must be true or false");
                false
            }
        }
    }

    /// One of a few words, and what it stands for.
    pub(crate) fn choice<T: Copy>(
        &self,
        check: &mut Check,
        name: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.one(check, name)?;
        let choice = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if choice.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            check.fail(name, "unknown_value", format!("must be one of {}", words.join(", ")));
        }
        choice
    }

    /// A time of RFC 3339.
    pub(crate) fn time(&self, check: &mut Check, name: &str) -> Option<Timestamp> {
        let time = self.one(check, name)?.parse().ok();
        if time.is_none() {
            check.fail(name, "invalid_time", "must be a time such as 2026-11-22T10:00:00Z");
        }
        time
    }

    /// `from` and `to`.
    pub(crate) fn span(&self, check: &mut Check) -> Span {
        let span = Span { from: self.time(check, "from"), to: self.time(check, "to") };
        if let (Some(from), Some(to)) = (span.from, span.to)
            && from > to
        {
            check.fail("from", "out_of_range", "must not be after to");
        }
        span
    }

    /// `page` and `page_size`.
    pub(crate) fn page(&self, check: &mut Check) -> Pagination {
        Pagination {
            page: self.number(check, "page", 1..=i64::from(i32::MAX)).unwrap_or(1),
            page_size: self
                .number(check, "page_size", 1..=MAX_PAGE_SIZE)
                .unwrap_or(DEFAULT_PAGE_SIZE),
        }
    }
}

/// A span of time, either end of which may be open.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Span {
    /// From this time on.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-11-01T00:00:00Z")]
    from: Option<Timestamp>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-12-01T00:00:00Z")]
    to: Option<Timestamp>,
}

impl Span {
    /// Its ends as messages have them: `""` for an open one.
    pub(crate) fn ends(&self) -> (String, String) {
        let text = |end: Option<Timestamp>| end.map(|time| time.to_string()).unwrap_or_default();
        (text(self.from), text(self.to))
    }
}

/// The parameters of every paged list, as documented.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by name in `Params::page`; here for the document")]
pub(crate) struct Page {
    /// The page, from 1. One past the end is an empty list.
    #[param(minimum = 1, maximum = 2_147_483_647, default = 1, example = 1)]
    page: Option<i32>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    page_size: Option<i32>,
}
