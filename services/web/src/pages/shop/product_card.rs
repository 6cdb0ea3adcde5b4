//! A product in a list.

use super::category_tree::CategoryTree;
use super::product_image::{ProductImage, tint_of};
use crate::format::Format;
use crate::gateway_client::Product;
use crate::messages::Messages;

/// Units from which a product is shown as in stock, without the number that is left.
const FEW: i64 = 6;

/// A product in a list. `templates/components/product_card.html` renders it.
#[derive(Clone, Debug)]
pub(crate) struct ProductCard {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) image: ProductImage,
    pub(crate) price: String,
    pub(crate) category: String,
    pub(crate) availability: Availability,
    /// What the list says about the stock; `None` if it is not worth saying.
    pub(crate) note: Option<String>,
}

/// Whether a product can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    InStock,
    Few(i64),
    SoldOut,
}

impl Availability {
    /// Returns the availability of a number of units.
    pub(crate) fn from_stock(units: i64) -> Self {
        match units {
            ..=0 => Self::SoldOut,
            1..FEW => Self::Few(units),
            FEW.. => Self::InStock,
        }
    }

    /// The name of the style.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::InStock => "ok",
            Self::Few(_) => "warn",
            Self::SoldOut => "danger",
        }
    }

    /// The text for customers.
    pub(crate) fn text(self, m: &Messages) -> String {
        match self {
            Self::InStock => m.product.in_stock.to_owned(),
            Self::Few(units) => (m.product.few_left)(units),
            Self::SoldOut => m.product.sold_out.to_owned(),
        }
    }
}

impl ProductCard {
    /// Creates the card of a product.
    pub(crate) fn new(
        product: &Product,
        categories: &CategoryTree,
        format: &Format,
        m: &Messages,
    ) -> Self {
        let availability = Availability::from_stock(product.stock_quantity);
        let category = product.category_id.and_then(|id| categories.by_id(id));
        let tint = tint_of(categories, product.category_id);
        Self {
            name: product.name.clone(),
            href: format!("/products/{}", product.slug),
            image: ProductImage::new(&product.name, &product.image_urls, tint),
            price: format.money(product.price),
            category: category.map(|category| category.name.clone()).unwrap_or_default(),
            availability,
            note: (availability != Availability::InStock).then(|| availability.text(m)),
        }
    }

    /// Creates the cards of a list.
    pub(crate) fn list(
        products: &[Product],
        categories: &CategoryTree,
        format: &Format,
        m: &Messages,
    ) -> Vec<Self> {
        products.iter().map(|product| Self::new(product, categories, format, m)).collect()
    }

    /// Whether the product is sold out.
    pub(crate) fn is_sold_out(&self) -> bool {
        self.availability == Availability::SoldOut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_stocks_are_counted() {
        for (units, availability) in [
            (-1, Availability::SoldOut),
            (0, Availability::SoldOut),
            (1, Availability::Few(1)),
            (5, Availability::Few(5)),
            (6, Availability::InStock),
        ] {
            assert_eq!(Availability::from_stock(units), availability);
        }
    }
}
