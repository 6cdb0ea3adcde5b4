//! The rules of money, by examples and by properties.

#![expect(clippy::unwrap_used, reason = "a failing set-up fails its test")]

use money::{Currency, Error, Money};
use proptest::prelude::*;

const USD: Currency = Currency::USD;

fn usd(cents: i64) -> Money {
    Money::new(cents, USD)
}

fn money(cents: i64, code: &str) -> Money {
    Money::new(cents, code.parse().unwrap())
}

#[test]
fn currencies_cannot_be_mixed() {
    let mixed = usd(1).plus(money(1, "EUR")).unwrap_err();
    assert_eq!(mixed, Error::CurrencyMismatch { left: USD, right: "EUR".parse().unwrap() });
    assert_eq!(mixed.to_string(), "USD and EUR are different currencies");
    assert!(usd(1).minus(money(1, "EUR")).is_err());
    assert!(Money::sum(USD, [usd(1), money(1, "EUR")]).is_err());
}

#[test]
fn overflow_is_an_error() {
    assert_eq!(usd(i64::MAX).plus(usd(1)), Err(Error::Overflow));
    assert_eq!(usd(i64::MIN).minus(usd(1)), Err(Error::Overflow));
    assert_eq!(usd(i64::MAX).times(2), Err(Error::Overflow));
    assert_eq!(usd(i64::MAX).tax(10_001), Err(Error::Overflow));
    assert_eq!(usd(i64::MAX).tax(10_000), Ok(usd(i64::MAX)));
}

#[test]
fn empty_sum_is_zero_in_the_given_currency() {
    assert_eq!(Money::sum(USD, []), Ok(usd(0)));
}

#[test]
fn tax_is_rounded_half_away_from_zero() {
    let cases = [
        (1_000, 825, 83),   // 82.5 exactly: up
        (999, 825, 82),     // 82.4175
        (8_997, 825, 742),  // 742.2525
        (100, 0, 0),        // no tax
        (1, 4_999, 0),      // 0.4999
        (1, 5_000, 1),      // 0.5 exactly: up
        (-1_000, 825, -83), // a refund reverses the tax
        (100, 10_000, 100), // 100 %
    ];
    for (cents, basis_points, tax) in cases {
        assert_eq!(usd(cents).tax(basis_points), Ok(usd(tax)), "{cents} at {basis_points}");
    }
}

#[test]
fn allocation_uses_the_largest_remainder() {
    let shares = |cents, weights: &[u64]| -> Vec<i64> {
        usd(cents).allocate(weights).unwrap().iter().map(Money::cents).collect()
    };
    assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(shares(101, &[1, 1, 1]), [34, 34, 33]);
    assert_eq!(shares(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(shares(10, &[0, 3, 1]), [0, 8, 2]);
    assert_eq!(shares(1, &[1, 2]), [0, 1]);
    assert_eq!(shares(i64::MIN, &[u64::MAX]), [i64::MIN]);
    assert_eq!(usd(5).allocate(&[]), Err(Error::NoWeights));
    assert_eq!(usd(5).allocate(&[0, 0]), Err(Error::NoWeights));
}

#[test]
fn display_uses_the_digits_of_the_currency() {
    let cases = [
        (123_450, "USD", "1234.50 USD"),
        (-5, "USD", "-0.05 USD"),
        (1_234, "JPY", "1234 JPY"),
        (1_234, "KWD", "1.234 KWD"),
        (i64::MIN, "USD", "-92233720368547758.08 USD"),
    ];
    for (cents, code, text) in cases {
        assert_eq!(money(cents, code).to_string(), text);
    }
}

#[test]
fn json_has_the_field_names_of_the_api() {
    let json = serde_json::json!({"amount_cents": 1999, "currency": "USD"});
    assert_eq!(serde_json::to_value(usd(1999)).unwrap(), json);
    assert_eq!(serde_json::from_value::<Money>(json).unwrap(), usd(1999));
    let unknown = serde_json::json!({"amount_cents": 1999, "currency": "XXX"});
    let error = serde_json::from_value::<Money>(unknown).unwrap_err();
    assert!(error.to_string().contains("not a known currency"), "{error}");
}

proptest! {
    #[test]
    fn minus_reverses_plus(a in any::<i64>(), b in any::<i64>()) {
        if let Ok(sum) = usd(a).plus(usd(b)) {
            prop_assert_eq!(sum.minus(usd(b)), Ok(usd(a)));
        }
    }

    #[test]
    fn times_is_repeated_plus(price in -1_000_000_i64..1_000_000, quantity in 0_usize..100) {
        let line = usd(price).times(quantity as i64);
        prop_assert_eq!(line, Money::sum(USD, vec![usd(price); quantity]));
    }

    #[test]
    fn tax_is_within_half_a_cent(cents in any::<i64>(), rate in 0_u32..=10_000) {
        let tax = usd(cents).tax(rate).unwrap().cents();
        let error = i128::from(tax) * 10_000 - i128::from(cents) * i128::from(rate);
        prop_assert!(error.abs() <= 5_000);
    }

    #[test]
    fn tax_of_a_refund_is_the_negative_tax(cents in 0..i64::MAX, rate in 0_u32..=10_000) {
        let (charged, refunded) = (usd(cents).tax(rate).unwrap(), usd(-cents).tax(rate).unwrap());
        prop_assert_eq!(charged.cents(), -refunded.cents());
    }

    #[test]
    fn shares_sum_to_the_amount_and_are_within_a_unit(
        cents in any::<i64>(),
        weights in prop::collection::vec(0_u64..1_000_000, 1..40),
    ) {
        let total: u64 = weights.iter().sum();
        prop_assume!(total > 0);
        let shares = usd(cents).allocate(&weights).unwrap();
        prop_assert_eq!(shares.len(), weights.len());
        prop_assert_eq!(Money::sum(USD, shares.clone()), Ok(usd(cents)));
        for (share, weight) in shares.iter().zip(&weights) {
            let share = i128::from(share.cents()) * i128::from(total);
            let exact = i128::from(cents) * i128::from(*weight);
            prop_assert!((share - exact).abs() < i128::from(total));
            prop_assert!(*weight > 0 || share == 0);
        }
    }

    #[test]
    fn any_text_is_a_currency_or_rejected(text in "\\PC{0,6}") {
        if let Ok(currency) = text.parse::<Currency>() {
            prop_assert_eq!(currency.to_string(), text);
        }
    }
}
