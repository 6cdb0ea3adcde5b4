//! The day on which a delivery arrives.

use jiff::ToSpan as _;

use crate::page::Page;

/// Returns the day after a number of days, with its weekday.
pub(super) fn arrival_day(page: &Page, days: u32) -> String {
    let today = page.format().day(page.app().env().now());
    page.format().weekday(today.saturating_add(i64::from(days).days()))
}
