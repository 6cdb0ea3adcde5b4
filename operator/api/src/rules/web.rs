//! The rules of the types in [`crate::web`].

use kube::core::Rule;

use super::rule;

/// The rule for `spec.web.name`.
#[must_use]
pub fn name() -> Rule {
    line("name", "the name of the shop")
}

/// The rule for `spec.web.tagline`.
#[must_use]
pub fn tagline() -> Rule {
    line("tagline", "a sentence about the shop")
}

/// The rule for `spec.web.timeZone`. Whether the zone exists is decided by the web shop, which ends
/// at its start with any other one.
#[must_use]
pub fn time_zone() -> Rule {
    rule(
        "self.matches('^[A-Za-z][-+A-Za-z0-9_]*(/[A-Za-z0-9][-+A-Za-z0-9_]*)*$')",
        "timeZone must be a name of the IANA time zone database, such as UTC or Europe/Berlin",
    )
}

/// Returns the rule for a line of text.
fn line(field: &str, meaning: &str) -> Rule {
    rule(
        r"self.matches('^\\P{Cc}*$') && self.trim() == self && self != ''",
        &format!(
            "{field} must be one line of text without blanks at the start and at the end: \
             {meaning}"
        ),
    )
}
