//! Sharing an amount without losing a unit of it.

use std::cmp::Reverse;

/// Shares `amount` by `weights`; none when no weight is above zero.
///
/// Each share is first cut towards zero. What that leaves over is less than one unit a share, so
/// each of those with the largest remainders gets one more, away from zero. 128 bits hold any
/// amount times any weight, and the sum of as many weights as fit in memory.
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

    let cut: u128 = exact.iter().map(|(share, _)| share).sum();
    let left_over = usize::try_from(magnitude - cut).ok()?;
    let mut by_remainder: Vec<_> = (0..weights.len()).collect();
    // A stable sort: of equal remainders the first comes first.
    by_remainder.sort_by_key(|&i| Reverse(exact[i].1));
    let mut shares: Vec<_> = exact.iter().map(|&(share, _)| share).collect();
    for &i in by_remainder.iter().take(left_over) {
        shares[i] += 1;
    }
    shares.into_iter().map(|share| with_sign(share, amount < 0)).collect()
}

/// No share is above the amount it was cut from, so that it fits with the amount's sign.
fn with_sign(share: u128, negative: bool) -> Option<i64> {
    let share = i128::try_from(share).ok()?;
    i64::try_from(if negative { -share } else { share }).ok()
}
