//! Parsers of field types that only the catalog's requests have.

use money::{Currency, Money};
use proto::catalog::v1::InventoryItem;
use proto::common::v1 as common;
use wire::Fields;

use crate::domain::product::MAX_PRICE_CENTS;
use crate::domain::slug::Slug;
use crate::domain::stock::{Lines, MAX_UNITS};

/// Maximum number of lines of one order.
const MAX_LINES: usize = 200;

/// Parsers of the catalog's types.
pub(super) trait CatalogFields {
    /// A slug; empty to generate it from the name.
    fn slug_or_none(&mut self, field: &str, text: &str) -> Option<Option<Slug>>;

    /// A price in the currency of the shop.
    fn price(
        &mut self,
        field: &str,
        price: Option<&common::Money>,
        currency: Currency,
    ) -> Option<Money>;

    /// The lines of an order: at least one, and each product with 1 to [`MAX_UNITS`] units in
    /// total.
    fn lines(&mut self, items: &[InventoryItem]) -> Option<Lines>;
}

impl CatalogFields for Fields {
    fn slug_or_none(&mut self, field: &str, text: &str) -> Option<Option<Slug>> {
        match text {
            "" => Some(None),
            text => match text.parse() {
                Ok(slug) => Some(Some(slug)),
                Err(error) => self.reject(field, format!("{error}")),
            },
        }
    }

    fn price(
        &mut self,
        field: &str,
        price: Option<&common::Money>,
        currency: Currency,
    ) -> Option<Money> {
        self.money(field, price, currency, (0, MAX_PRICE_CENTS))
    }

    fn lines(&mut self, items: &[InventoryItem]) -> Option<Lines> {
        if items.is_empty() {
            return self.reject("items", "is required");
        }
        if items.len() > MAX_LINES {
            return self.reject("items", format!("must be at most {MAX_LINES}"));
        }
        let mut line = |(n, item): (usize, &InventoryItem)| {
            let product = self.id(&format!("items[{n}].product_id"), &item.product_id);
            let quantity =
                self.number(&format!("items[{n}].quantity"), item.quantity, 1, MAX_UNITS);
            Some((product?, quantity?))
        };
        let parsed: Vec<_> = items.iter().enumerate().map(&mut line).collect();
        let lines = parsed.into_iter().collect::<Option<Vec<_>>>()?;
        let too_many = match Lines::sum(lines) {
            Ok(lines) => return Some(lines),
            Err(too_many) => too_many,
        };
        for n in too_many {
            let message = format!("must be 1 to {MAX_UNITS}, all lines of the product together");
            self.reject::<()>(&format!("items[{n}].quantity"), message);
        }
        None
    }
}
