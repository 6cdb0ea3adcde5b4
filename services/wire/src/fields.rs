//! Reading the fields of a request into types that cannot be wrong, noting everything that is.
//!
//! A reader gives `None` for what it noted; [`Fields::finish`] turns that into one INVALID_ARGUMENT
//! with all of it. A service reads what only it knows with a trait of its own on [`Fields`], by
//! [`Fields::wrong`].

use kit::grpc::status::{Violations, invalid_argument};
use money::{Currency, Money};
use proto::common::v1 as common;
use tonic::Status;
use uuid::Uuid;

use crate::address::Address;
use crate::{MAX_PAGE_SIZE, Page, PageError};

/// What was found wrong so far.
#[derive(Default)]
pub struct Fields(Violations);

impl Fields {
    /// What was read, unless something was wrong.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Status> {
        self.0.check()?;
        read.ok_or_else(|| invalid_argument("request", "is incomplete"))
    }

    /// Notes what is wrong with a field.
    pub fn reject<T>(&mut self, field: &str, description: impl Into<String>) -> Option<T> {
        self.0.add(field, description);
        None
    }

    /// An id that must be there.
    pub fn id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        match text {
            "" => self.reject(field, "is required"),
            text => self.parse_id(field, text),
        }
    }

    /// An id that may be left out.
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

    /// A line of text that must be there: trimmed, 1 to `max` characters.
    pub fn line(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        match text.trim() {
            "" => self.reject(field, "is required"),
            text => self.line_or_empty(field, text, max),
        }
    }

    /// A line of text: trimmed, at most `max` characters.
    pub fn line_or_empty(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        let text = text.trim();
        if text.contains(char::is_control) {
            return self.reject(field, "must not hold control characters");
        }
        self.bounded(field, text, max)
    }

    /// A text of several lines, at most `max` characters.
    pub fn text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return self.reject(field, "must not hold control characters");
        }
        self.bounded(field, text, max)
    }

    fn bounded(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        if text.chars().count() > max {
            return self.reject(field, format!("must have at most {max} characters"));
        }
        Some(text.to_owned())
    }

    /// A number from `min` to `max`.
    pub fn number<T>(&mut self, field: &str, number: T, min: T, max: T) -> Option<T>
    where
        T: PartialOrd + std::fmt::Display + Copy,
    {
        if number < min || number > max {
            return self.reject(field, format!("must be {min} to {max}"));
        }
        Some(number)
    }

    /// An amount of `min` to `max` minor units in the currency of the shop.
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
            let says = format!("must be {currency}, the currency of this shop");
            return self.reject(&format!("{field}.currency"), says);
        }
        Some(Money::new(cents?, currency))
    }

    /// An address that something can be sent to.
    pub fn address(&mut self, field: &str, address: Option<&common::Address>) -> Option<Address> {
        let Some(address) = address else { return self.reject(field, "is required") };
        Address::read(self, field, address)
    }

    /// A page; without one, the first of the usual size.
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
