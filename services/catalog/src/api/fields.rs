//! Reading the fields of a request into types that cannot be wrong, noting everything that is.
//!
//! A reader gives `None` for what it noted; [`Fields::finish`] turns that into one INVALID_ARGUMENT
//! with all of it.

use kit::grpc::status::{Violations, invalid_argument};
use money::{Currency, Money};
use proto::common::v1 as common;
use tonic::Status;
use uuid::Uuid;

use crate::domain::{
    listing::{MAX_PAGE_SIZE, Page, PageError},
    product::MAX_PRICE_CENTS,
    slug::Slug,
    stock::{Lines, MAX_UNITS},
};

/// The most lines of one order.
const MAX_LINES: usize = 200;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Fields(Violations);

impl Fields {
    /// What was read, unless something was wrong.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<T, Status> {
        self.0.check()?;
        read.ok_or_else(|| invalid_argument("request", "is incomplete"))
    }

    /// Notes what is wrong with a field.
    pub(super) fn wrong<T>(&mut self, field: &str, description: impl Into<String>) -> Option<T> {
        self.0.add(field, description);
        None
    }

    /// An id that must be there.
    pub(super) fn id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        match text {
            "" => self.wrong(field, "is required"),
            text => self.parse_id(field, text),
        }
    }

    /// An id that may be left out.
    pub(super) fn id_or_none<T: From<Uuid>>(
        &mut self,
        field: &str,
        text: &str,
    ) -> Option<Option<T>> {
        match text {
            "" => Some(None),
            text => self.parse_id(field, text).map(Some),
        }
    }

    fn parse_id<T: From<Uuid>>(&mut self, field: &str, text: &str) -> Option<T> {
        match Uuid::try_parse(text) {
            Ok(id) => Some(id.into()),
            Err(_) => self.wrong(field, "must be a UUID"),
        }
    }

    /// A line of text that must be there: trimmed, 1 to `max` characters.
    pub(super) fn line(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        match text.trim() {
            "" => self.wrong(field, "is required"),
            text => self.line_or_empty(field, text, max),
        }
    }

    /// A line of text: trimmed, at most `max` characters.
    pub(super) fn line_or_empty(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        let text = text.trim();
        if text.contains(char::is_control) {
            return self.wrong(field, "must not hold control characters");
        }
        self.bounded(field, text, max)
    }

    /// A text of several lines, at most `max` characters.
    pub(super) fn text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return self.wrong(field, "must not hold control characters");
        }
        self.bounded(field, text, max)
    }

    fn bounded(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        if text.chars().count() > max {
            return self.wrong(field, format!("must have at most {max} characters"));
        }
        Some(text.to_owned())
    }

    /// A slug, or none to have it made from the name.
    pub(super) fn slug_or_none(&mut self, field: &str, text: &str) -> Option<Option<Slug>> {
        match text {
            "" => Some(None),
            text => match text.parse() {
                Ok(slug) => Some(Some(slug)),
                Err(error) => self.wrong(field, format!("{error}")),
            },
        }
    }

    /// A number from `min` to `max`.
    pub(super) fn number<T>(&mut self, field: &str, number: T, min: T, max: T) -> Option<T>
    where
        T: PartialOrd + std::fmt::Display + Copy,
    {
        if number < min || number > max {
            return self.wrong(field, format!("must be {min} to {max}"));
        }
        Some(number)
    }

    /// A price in the currency of the shop.
    pub(super) fn price(
        &mut self,
        field: &str,
        price: Option<&common::Money>,
        currency: Currency,
    ) -> Option<Money> {
        let Some(price) = price else { return self.wrong(field, "is required") };
        let cents =
            self.number(&format!("{field}.amount_cents"), price.amount_cents, 0, MAX_PRICE_CENTS);
        if price.currency != currency.code() {
            let says = format!("must be {currency}, the currency of this shop");
            return self.wrong(&format!("{field}.currency"), says);
        }
        Some(Money::new(cents?, currency))
    }

    /// A page; without one, the first of the usual size.
    pub(super) fn page(&mut self, page: Option<&common::Pagination>) -> Option<Page> {
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

    /// The lines of an order: at least one, and each product with 1 to [`MAX_UNITS`] units in all.
    pub(super) fn lines(&mut self, items: &[proto::catalog::v1::InventoryItem]) -> Option<Lines> {
        if items.is_empty() {
            return self.wrong("items", "is required");
        }
        if items.len() > MAX_LINES {
            return self.wrong("items", format!("must be at most {MAX_LINES}"));
        }
        let mut line = |(n, item): (usize, &proto::catalog::v1::InventoryItem)| {
            let product = self.id(&format!("items[{n}].product_id"), &item.product_id);
            let quantity =
                self.number(&format!("items[{n}].quantity"), item.quantity, 1, MAX_UNITS);
            Some((product?, quantity?))
        };
        let read: Vec<_> = items.iter().enumerate().map(&mut line).collect();
        let lines = read.into_iter().collect::<Option<Vec<_>>>()?;
        let too_many = match Lines::sum(lines) {
            Ok(lines) => return Some(lines),
            Err(too_many) => too_many,
        };
        for n in too_many {
            let says = format!("must be 1 to {MAX_UNITS}, all lines of the product together");
            self.0.add(format!("items[{n}].quantity"), says);
        }
        None
    }
}
