//! Validation of request fields: parses them into domain types and collects all violations.
//!
//! A parser returns `None` after it has recorded a violation; [`Fields::finish`] turns the
//! violations into one INVALID_ARGUMENT. A service parses its own types with an extension trait of
//! [`Fields`] that calls [`Fields::reject`].

use jiff::Timestamp;
use kit::grpc::status::{Violations, invalid_argument};
use money::{Currency, Money};
use proto::common::v1 as common;
use tonic::Status;
use uuid::Uuid;

use crate::address::Address;
use crate::{MAX_PAGE_SIZE, Page, PageError, nfc, normalize_query, parse_time};

/// Collects the violations of a request.
#[derive(Default)]
pub struct Fields(Violations);

impl Fields {
    /// Returns the parsed request, or INVALID_ARGUMENT with all violations.
    ///
    /// # Errors
    /// Fails with INVALID_ARGUMENT when a field was rejected.
    pub fn finish<T>(self, parsed: Option<T>) -> Result<T, Status> {
        self.0.check()?;
        parsed.ok_or_else(|| invalid_argument("request", "is incomplete"))
    }

    /// Records a violation of a field and returns `None`.
    pub fn reject<T>(&mut self, field: &str, description: impl Into<String>) -> Option<T> {
        self.0.add(field, description);
        None
    }

    /// Parses a required id.
    pub fn id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        match text {
            "" => self.reject(field, "is required"),
            text => self.parse_id(field, text),
        }
    }

    /// Parses an optional id.
    pub fn id_or_none<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<Option<T>> {
        match text {
            "" => Some(None),
            text => self.parse_id(field, text).map(Some),
        }
    }

    fn parse_id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        match Uuid::try_parse(text) {
            Ok(id) => Some(id.into()),
            Err(_) => self.reject(field, "must be a UUID"),
        }
    }

    /// Validates a required line of text: trimmed, in NFC, 1 to `max` characters.
    pub fn line(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        match text.trim() {
            "" => self.reject(field, "is required"),
            text => self.line_or_empty(field, text, max),
        }
    }

    /// Validates an optional line of text: trimmed, in NFC, at most `max` characters.
    pub fn line_or_empty(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        self.exact_line_or_empty(field, &nfc(text), max)
    }

    /// Validates an optional line that a program reads, such as a URL: trimmed and otherwise
    /// unchanged, at most `max` characters.
    pub fn exact_line_or_empty(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        let text = text.trim();
        if text.contains(char::is_control) {
            return self.reject(field, "must not contain control characters");
        }
        self.limit_chars(field, text, max)
    }

    /// Validates a text of several lines, at most `max` characters, and returns it in NFC.
    pub fn text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        let text = &nfc(text);
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return self.reject(field, "must not contain control characters");
        }
        self.limit_chars(field, text, max)
    }

    /// Validates an optional search text: one line, normalized by [`normalize_query`], at most
    /// `max` characters.
    pub fn query_or_empty(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        self.line_or_empty(field, &normalize_query(text), max)
    }

    /// Parses an optional time of RFC 3339, within the bounds of [`parse_time`].
    pub fn time_or_none(&mut self, field: &str, text: &str) -> Option<Option<Timestamp>> {
        match text {
            "" => Some(None),
            text => match parse_time(text) {
                Ok(time) => Some(Some(time)),
                Err(error) => self.reject(field, error.to_string()),
            },
        }
    }

    fn limit_chars(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        if text.chars().count() > max {
            return self.reject(field, format!("must have at most {max} characters"));
        }
        Some(text.to_owned())
    }

    /// Validates a number from `min` to `max`.
    pub fn number<T>(&mut self, field: &str, number: T, min: T, max: T) -> Option<T>
    where
        T: PartialOrd + std::fmt::Display + Copy,
    {
        if number < min || number > max {
            return self.reject(field, format!("must be {min} to {max}"));
        }
        Some(number)
    }

    /// Validates an amount of `min` to `max` minor units in the currency of the shop.
    pub fn money(
        &mut self,
        field: &str,
        money: Option<&common::Money>,
        currency: Currency,
        (min, max): (i64, i64),
    ) -> Option<Money> {
        let Some(money) = money else { return self.reject(field, "is required") };
        let cents = self.number(&format!("{field}.amount_cents"), money.amount_cents, min, max);
        if money.currency != currency.code() {
            let description = format!("must be {currency}, the currency of this shop");
            return self.reject(&format!("{field}.currency"), description);
        }
        Some(Money::new(cents?, currency))
    }

    /// Validates a required postal address.
    pub fn address(&mut self, field: &str, address: Option<&common::Address>) -> Option<Address> {
        let Some(address) = address else { return self.reject(field, "is required") };
        Address::parse(self, field, address, Self::country)
    }

    /// Validates the required postal address of an order that exists, whose country may be a former
    /// one.
    pub fn order_address(
        &mut self,
        field: &str,
        address: Option<&common::Address>,
    ) -> Option<Address> {
        let Some(address) = address else { return self.reject(field, "is required") };
        Address::parse(self, field, address, Self::order_country)
    }

    /// Validates a page request; absent means the first page of the default size.
    pub fn page(&mut self, page: Option<&common::Pagination>) -> Option<Page> {
        let (number, size) = page.map_or((0, 0), |page| (page.page, page.page_size));
        let errors = match Page::new(number, size) {
            Ok(page) => return Some(page),
            Err(errors) => errors,
        };
        for error in errors {
            match error {
                PageError::Number => self.0.add("pagination.page", "must be at least 1"),
                PageError::Size => {
                    self.0.add("pagination.page_size", format!("must be 1 to {MAX_PAGE_SIZE}"));
                }
            }
        }
        None
    }
}
