//! What a cart costs now.

use std::collections::HashMap;

use money::{Currency, Error, Money};
use wire::ProductId;

use super::cart::{Cart, Line};

/// What the catalog says of a product now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// Price of one unit.
    pub price: Money,
    /// Its main picture; may be empty.
    pub image_url: String,
    /// Whether it is sold.
    pub is_active: bool,
}

/// What the catalog says of products; those that it does not know are missing.
pub type Offers = HashMap<ProductId, Offer>;

/// A cart with the prices of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedCart {
    /// What is in it, without its lines.
    pub cart: Cart,
    /// The lines.
    pub lines: Vec<PricedLine>,
    /// The sum of the lines that are available.
    pub total: Money,
}

/// A line with the price of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// Product and quantity.
    pub line: Line,
    /// What the catalog says; of a product that it does not know, nothing, for nothing.
    pub offer: Offer,
    /// Price of the line.
    pub total: Money,
}

impl PricedCart {
    /// Puts prices to a cart. A product that is gone or not sold any more stays in it, to be seen, and
    /// does not count.
    ///
    /// # Errors
    /// A product has another currency, or the sum overflows.
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

    use super::{super::cart::Quantity, *};

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
    fn only_what_can_be_bought_counts() {
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
    fn a_sum_that_overflows_is_an_error_and_no_wrong_sum() {
        let dear = || offer(i64::MAX / 2, Currency::USD, true);
        assert_eq!(priced(&[line(1, 3)], vec![(1, dear())]), Err(Error::Overflow));
        let lines = [line(1, 1), line(2, 1), line(3, 1)];
        let offers = vec![(1, dear()), (2, dear()), (3, dear())];
        assert_eq!(priced(&lines, offers), Err(Error::Overflow));
    }

    #[test]
    fn a_price_in_another_currency_is_an_error() {
        let yen: Currency = "JPY".parse().unwrap();
        let answer = priced(&[line(1, 1)], vec![(1, offer(100, yen, true))]);
        assert!(matches!(answer, Err(Error::CurrencyMismatch { .. })), "{answer:?}");
    }
}
