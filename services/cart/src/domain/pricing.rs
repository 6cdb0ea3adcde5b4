//! Current prices of a cart.

use std::collections::HashMap;

use money::{Currency, Error, Money};
use wire::ProductId;

use super::cart::{Cart, Line};

/// Current catalog data of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Name of the product.
    pub name: String,
    /// Price of one unit.
    pub price: Money,
    /// URL of its main image; may be empty.
    pub image_url: String,
    /// Whether the product is for sale.
    pub is_active: bool,
}

/// Offers by product. Products that do not exist in the catalog are missing.
pub type Offers = HashMap<ProductId, Offer>;

/// Cart with current prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedCart {
    /// Cart without its lines.
    pub cart: Cart,
    /// Lines with their prices.
    pub lines: Vec<PricedLine>,
    /// Sum of the lines that are available.
    pub total: Money,
}

/// Line with its current price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// Product and quantity.
    pub line: Line,
    /// Offer of the product. If the product does not exist in the catalog, the offer is empty and
    /// its price is zero.
    pub offer: Offer,
    /// Price of the line.
    pub total: Money,
}

impl PricedCart {
    /// Adds prices to a cart. A product that is deleted or not for sale stays in the cart, so that
    /// the customer sees it, but does not count in the total.
    ///
    /// # Errors
    ///
    /// Returns an error if a product has another currency, or if the sum overflows.
    pub fn new(mut cart: Cart, offers: &Offers, currency: Currency) -> Result<Self, Error> {
        let lines = std::mem::take(&mut cart.lines);
        let lines: Vec<_> = lines
            .into_iter()
            .map(|line| {
                let offer = offers.get(&line.product).cloned();
                let offer = offer.unwrap_or_else(|| Offer::unknown(currency));
                let total = offer.price.times(line.quantity.units().into())?;
                Ok(PricedLine { line, offer, total })
            })
            .collect::<Result<_, Error>>()?;
        let counted = lines.iter().filter(|line| line.offer.is_active).map(|line| line.total);
        let total = Money::sum(currency, counted)?;
        Ok(Self { cart, lines, total })
    }
}

impl Offer {
    fn unknown(currency: Currency) -> Self {
        Self {
            name: String::new(),
            price: Money::zero(currency),
            image_url: String::new(),
            is_active: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::cart::Quantity;
    use super::*;

    fn line(n: u128, units: i32) -> Line {
        let quantity = Quantity::new(units).unwrap();
        Line { product: ProductId(Uuid::from_u128(n)), quantity }
    }

    fn offer(cents: i64, currency: Currency, is_active: bool) -> Offer {
        let price = Money::new(cents, currency);
        Offer { name: "Lamp".into(), price, image_url: String::new(), is_active }
    }

    fn priced(lines: &[Line], offers: Vec<(u128, Offer)>) -> Result<PricedCart, Error> {
        let cart = Cart { lines: lines.to_vec(), version: 5, ..Cart::default() };
        let offers = offers.into_iter().map(|(n, offer)| (ProductId(Uuid::from_u128(n)), offer));
        PricedCart::new(cart, &offers.collect(), Currency::USD)
    }

    #[test]
    fn total_counts_only_products_for_sale() {
        let offers =
            vec![(1, offer(1999, Currency::USD, true)), (2, offer(500, Currency::USD, false))];
        let cart = priced(&[line(1, 3), line(2, 2), line(3, 1)], offers).unwrap();
        let lines: Vec<_> =
            cart.lines.iter().map(|line| (line.offer.is_active, line.total.cents())).collect();
        assert_eq!(lines, [(true, 5997), (false, 1000), (false, 0)]);
        assert_eq!(cart.total, Money::new(5997, Currency::USD));
        assert_eq!(cart.cart.version, 5);
    }

    #[test]
    fn overflowing_total_is_an_error() {
        let expensive = || offer(i64::MAX / 2, Currency::USD, true);
        assert_eq!(priced(&[line(1, 3)], vec![(1, expensive())]), Err(Error::Overflow));
        let lines = [line(1, 1), line(2, 1), line(3, 1)];
        let offers = vec![(1, expensive()), (2, expensive()), (3, expensive())];
        assert_eq!(priced(&lines, offers), Err(Error::Overflow));
    }

    #[test]
    fn price_in_other_currency_is_an_error() {
        let yen: Currency = "JPY".parse().unwrap();
        let response = priced(&[line(1, 1)], vec![(1, offer(100, yen, true))]);
        assert!(matches!(response, Err(Error::CurrencyMismatch { .. })), "{response:?}");
    }
}
