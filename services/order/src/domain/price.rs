//! Prices of an order.

use money::{Currency, Error, Money};

use super::line::Line;

/// Sums of an order; `total` is the sum of the other three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Sum of the lines.
    pub subtotal: Money,
    /// Price of the chosen shipping option.
    pub shipping: Money,
    /// Tax on the lines.
    pub tax: Money,
    /// Amount to pay.
    pub total: Money,
}

impl Sums {
    /// Computes the sums. Tax applies to the subtotal and is rounded half up once for the order.
    ///
    /// # Errors
    /// Fails when an amount is too large or has another currency.
    pub fn compute(
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
    fn total_is_lines_plus_shipping_plus_tax() {
        let sums =
            Sums::compute(Currency::USD, &[line(1999, 2), line(500, 1)], usd(650), 825).unwrap();
        assert_eq!(sums.subtotal, usd(4498));
        assert_eq!(sums.tax, usd(371)); // 371.085
        assert_eq!(sums.total, usd(4498 + 650 + 371));
    }

    #[test]
    fn tax_is_rounded_half_up_once_for_the_order() {
        // Rounded for each line, 2 × 0.5 cents would be 2 cents; for the order it is 1.
        let sums = Sums::compute(Currency::USD, &[line(10, 1), line(10, 1)], usd(0), 500).unwrap();
        assert_eq!(sums.tax, usd(1));
        let half = Sums::compute(Currency::USD, &[line(10, 1)], usd(0), 500).unwrap();
        assert_eq!(half.tax, usd(1));
        let below = Sums::compute(Currency::USD, &[line(10, 1)], usd(0), 499).unwrap();
        assert_eq!(below.tax, usd(0));
    }

    #[test]
    fn other_currency_and_overflow_are_rejected() {
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert!(Sums::compute(Currency::USD, &[line(1, 1)], yen, 0).is_err());
        assert_eq!(
            Sums::compute(Currency::USD, &[line(i64::MAX, 2)], usd(0), 0),
            Err(Error::Overflow)
        );
    }
}
