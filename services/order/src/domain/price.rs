//! What an order costs.

use money::{Currency, Error, Money};

use super::order::Line;

/// The sums of an order; the total is the three others together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// The lines.
    pub subtotal: Money,
    /// The chosen way to ship.
    pub shipping: Money,
    /// Tax on the lines.
    pub tax: Money,
    /// What is paid.
    pub total: Money,
}

impl Sums {
    /// Adds up lines and shipping. Tax is on the sum of the lines, rounded half up once for the order.
    pub fn of(
        currency: Currency,
        lines: &[Line],
        shipping: Money,
        tax_basis_points: u32,
    ) -> Result<Self, Error> {
        let prices = lines.iter().map(Line::total).collect::<Result<Vec<_>, _>>()?;
        let subtotal = Money::sum(currency, prices)?;
        let tax = subtotal.tax(tax_basis_points)?;
        let total = subtotal.plus(shipping)?.plus(tax)?;
        Ok(Self { subtotal, shipping, tax, total })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{LineId, ProductId};

    fn usd(cents: i64) -> Money {
        Money::new(cents, Currency::USD)
    }

    fn line(cents: i64, quantity: i32) -> Line {
        Line {
            id: LineId(Uuid::nil()),
            product: ProductId(Uuid::nil()),
            name: "Lamp".into(),
            quantity,
            unit_price: usd(cents),
        }
    }

    #[test]
    fn the_total_is_lines_shipping_and_tax() {
        let sums = Sums::of(Currency::USD, &[line(1999, 2), line(500, 1)], usd(650), 825).unwrap();
        assert_eq!(sums.subtotal, usd(4498));
        assert_eq!(sums.tax, usd(371)); // 371.085
        assert_eq!(sums.total, usd(4498 + 650 + 371));
    }

    #[test]
    fn tax_is_rounded_half_up_once_for_the_order() {
        // 2 × 0.5 cents by line would be 2 cents; by order it is 1.
        let sums = Sums::of(Currency::USD, &[line(10, 1), line(10, 1)], usd(0), 500).unwrap();
        assert_eq!(sums.tax, usd(1));
        let half = Sums::of(Currency::USD, &[line(10, 1)], usd(0), 500).unwrap();
        assert_eq!(half.tax, usd(1));
        let below = Sums::of(Currency::USD, &[line(10, 1)], usd(0), 499).unwrap();
        assert_eq!(below.tax, usd(0));
    }

    #[test]
    fn another_currency_and_too_much_are_refused() {
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert!(Sums::of(Currency::USD, &[line(1, 1)], yen, 0).is_err());
        assert_eq!(Sums::of(Currency::USD, &[line(i64::MAX, 2)], usd(0), 0), Err(Error::Overflow));
    }
}
