//! Rules of what is said about single services: mails, sign-in.

use serde_json::{Value, json};

use super::rule;

/// An e-mail address, as far as a pattern can tell: no blanks, no brackets, one `@`.
const ADDRESS: &str = r"[^\s@<>()\[\]\\,;:\x22\x27]+@[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?";
/// A name before an address, of words that need no quotes.
const NAME: &str = r"[^\s@<>()\[\]\\,;:.\x22]+( [^\s@<>()\[\]\\,;:.\x22]+)*";

/// Rules of `spec.mail`.
#[must_use]
pub fn mail() -> Value {
    json!([
        rule(
            "(self.mode == 'Smtp') == has(self.smtp)",
            "mail.smtp describes the server of mode Smtp: set it (with host) with mode Smtp, and \
             remove it with mode Inbox",
        ),
        rule(
            "self.mode == 'Inbox' || has(self.from)",
            "mail.from must be set with mode Smtp, because mail servers refuse senders that are \
             not theirs: set it, such as Shop <orders@shop.example.com>",
        ),
    ])
}

/// Rules of `spec.mail.from`.
#[must_use]
pub fn mailbox() -> Value {
    json!([rule(
        &format!("self.matches(r'^({ADDRESS}|{NAME} <{ADDRESS}>)$')"),
        "from must be an e-mail address, with a name before it if you like: orders@shop.example.com \
         or Shop <orders@shop.example.com>",
    )])
}

/// Rules of e-mail addresses.
#[must_use]
pub fn address() -> Value {
    json!([rule(
        &format!("self.matches(r'^{ADDRESS}$')"),
        "must be an e-mail address, without a name: admin@shop.example.com",
    )])
}

/// Rules of a length of time within these bounds, as both Kubernetes and the shop read it.
#[must_use]
pub fn lifetime(field: &str, min: &str, max: &str) -> Value {
    json!([rule(
        &format!(
            "self.matches('^([0-9]{{1,5}}h)?([0-9]{{1,5}}m)?([0-9]{{1,5}}s)?$') && \
             duration(self) >= duration('{min}') && duration(self) <= duration('{max}')"
        ),
        &format!(
            "{field} must be a length of time from {min} to {max}, such as 15m, 1h30m or 168h"
        ),
    )])
}
