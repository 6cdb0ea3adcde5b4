//! Allocation of an amount by the largest remainder method, without losing a minor unit.

use std::cmp::Reverse;

/// Allocates `amount` in proportion to `weights`; `None` when no weight is above zero.
///
/// Each share is first rounded towards zero. The rest is less than one unit per share, so the
/// shares with the largest remainders get one unit more, away from zero. 128 bits hold any amount
/// times any weight, and the sum of as many weights as fit in memory.
pub(crate) fn largest_remainder(amount: i64, weights: &[u64]) -> Option<Vec<i64>> {
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if total == 0 {
        return None;
    }
    let magnitude = u128::from(amount.unsigned_abs());
    let exact: Vec<_> = weights
        .iter()
        .map(|&weight| {
            let product = magnitude * u128::from(weight);
            (product / total, product % total)
        })
        .collect();

    let allocated: u128 = exact.iter().map(|(share, _)| share).sum();
    let rest = usize::try_from(magnitude - allocated).ok()?;
    let mut by_remainder: Vec<_> = (0..weights.len()).collect();
    // A stable sort: equal remainders keep their order.
    by_remainder.sort_by_key(|&i| Reverse(exact[i].1));
    let mut shares: Vec<_> = exact.iter().map(|&(share, _)| share).collect();
    for &i in by_remainder.iter().take(rest) {
        shares[i] += 1;
    }
    shares.into_iter().map(|share| with_sign(share, amount < 0)).collect()
}

/// Applies the sign. A share is never larger than the amount, so it fits with the amount's sign.
fn with_sign(share: u128, negative: bool) -> Option<i64> {
    let share = i128::try_from(share).ok()?;
    i64::try_from(if negative { -share } else { share }).ok()
}
