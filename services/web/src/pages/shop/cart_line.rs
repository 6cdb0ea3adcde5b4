//! A line of the cart.

use uuid::Uuid;

use super::ProductImage;
use crate::format::Format;
use crate::gateway_client::CartItem;
use crate::messages::Messages;

/// A line of the cart. `templates/components/cart_line.html` renders it.
pub(crate) struct CartLine {
    pub(crate) product_id: Uuid,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) image: ProductImage,
    /// What the field of the quantity contains.
    pub(crate) quantity: String,
    /// Why the entered quantity was rejected.
    pub(crate) quantity_error: Option<&'static str>,
    pub(crate) unit_price: String,
    pub(crate) total: String,
    /// Whether the product is for sale.
    pub(crate) is_available: bool,
    /// Whether the checkout found that no unit is left.
    pub(crate) is_sold_out: bool,
    /// What the checkout found if there are fewer units than wanted.
    pub(crate) shortage: Option<Shortage>,
}

/// Fewer units than wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    pub(crate) possible: i64,
    pub(crate) text: String,
    pub(crate) reduce_label: String,
}

impl CartLine {
    /// Creates the line of an item. `units_left` is the stock, if the checkout refused the line.
    pub(crate) fn new(
        item: &CartItem,
        units_left: Option<i64>,
        format: &Format,
        m: &Messages,
    ) -> Self {
        let units_left = units_left.filter(|left| *left < i64::from(item.quantity));
        Self {
            product_id: item.product_id,
            name: item.product_name.clone(),
            href: format!("/products/{}", item.product_id),
            image: ProductImage::in_cart(&item.product_name, &item.image_url),
            quantity: item.quantity.to_string(),
            quantity_error: None,
            unit_price: format.money(item.unit_price),
            total: format.money(item.total_price),
            is_available: item.available,
            is_sold_out: units_left.is_some_and(|left| left <= 0),
            shortage: units_left.filter(|left| *left > 0).map(|possible| Shortage {
                possible,
                text: (m.product.few_left)(possible),
                reduce_label: (m.cart.reduce_to)(possible),
            }),
        }
    }

    /// Shows a rejected quantity with its error.
    pub(crate) fn reject(&mut self, entered: String, error: &'static str) {
        self.quantity = entered;
        self.quantity_error = Some(error);
    }

    /// Whether the checkout would refuse the line.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.is_available || self.is_sold_out || self.shortage.is_some()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use money::{Currency, Money};

    use super::*;
    use crate::locale::Locale;

    fn line(quantity: u32, available: bool, units_left: Option<i64>) -> CartLine {
        let price = Money::new(100, Currency::USD);
        let item = CartItem {
            product_id: Uuid::from_u128(1),
            product_name: "Lamp".to_owned(),
            quantity,
            unit_price: price,
            total_price: price,
            image_url: String::new(),
            available,
        };
        let format = Format::new(Locale::EnUs, TimeZone::UTC);
        CartLine::new(&item, units_left, &format, Messages::for_locale(Locale::EnUs))
    }

    #[test]
    fn refused_line_offers_what_is_left() {
        for (quantity, units_left, possible, is_blocked) in [
            (5, None, None, false),
            (5, Some(9), None, false),
            (5, Some(5), None, false),
            (5, Some(3), Some(3), true),
            (5, Some(0), None, true),
        ] {
            let line = line(quantity, true, units_left);
            let offered = line.shortage.as_ref().map(|shortage| shortage.possible);
            assert_eq!((offered, line.is_blocked()), (possible, is_blocked), "{units_left:?}");
        }
        assert!(line(1, false, None).is_blocked());
    }
}
