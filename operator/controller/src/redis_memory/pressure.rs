//! When Redis counts as nearly full.

use super::MemoryUse;

/// The used part of the memory at which the condition begins.
const BEGIN_RATIO: f64 = 0.80;
/// The used part of the memory below which the condition ends. It is lower, so that a use around
/// the limit does not change the status again and again.
const END_RATIO: f64 = 0.70;

/// Returns whether Redis is nearly full, given whether it was so at the measurement before.
#[must_use]
pub fn is_under_pressure(before: bool, memory: MemoryUse) -> bool {
    memory.ratio() >= if before { END_RATIO } else { BEGIN_RATIO }
}
