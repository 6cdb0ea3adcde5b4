//! The rules of the types in [`crate::services`].

use kube::core::Rule;

use super::rule;

/// An e-mail address as far as a regular expression can check it: no blanks, no brackets, one `@`.
const ADDRESS: &str = r"[^\s@<>()\[\]\\,;:\x22\x27]+@[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?";
/// A display name before an address, of words that need no quotes.
const NAME: &str = r"[^\s@<>()\[\]\\,;:.\x22]+( [^\s@<>()\[\]\\,;:.\x22]+)*";

/// The rules for `spec.mail`.
#[must_use]
pub fn mail() -> [Rule; 2] {
    [
        rule(
            "(self.mode == 'Smtp') == has(self.smtp)",
            "mail.smtp describes the server of mode Smtp: set it (with host) with mode Smtp, \
             remove it with mode Inbox",
        ),
        rule(
            "self.mode == 'Inbox' || has(self.from)",
            "mail.from is required with mode Smtp, because mail servers reject unknown senders: \
             set it, for example to Shop <orders@shop.example.com>",
        ),
    ]
}

/// The rule for `spec.mail.from`.
#[must_use]
pub fn mailbox() -> Rule {
    rule(
        &format!("self.matches(r'^({ADDRESS}|{NAME} <{ADDRESS}>)$')"),
        "from must be an e-mail address with an optional display name: orders@shop.example.com or \
         Shop <orders@shop.example.com>",
    )
}

/// The rule for an e-mail address.
#[must_use]
pub fn address() -> Rule {
    rule(
        &format!("self.matches(r'^{ADDRESS}$')"),
        "must be an e-mail address without a display name, such as admin@shop.example.com",
    )
}

/// The rule for a duration within these bounds, in the notation that both Kubernetes and the shop
/// parse.
#[must_use]
pub fn lifetime(field: &str, min: &str, max: &str) -> Rule {
    rule(
        &format!(
            "self.matches('^([0-9]{{1,5}}h)?([0-9]{{1,5}}m)?([0-9]{{1,5}}s)?$') && \
             duration(self) >= duration('{min}') && duration(self) <= duration('{max}')"
        ),
        &format!("{field} must be a duration from {min} to {max}, such as 15m, 1h30m or 168h"),
    )
}
