//! Parsing of the fields that only this service's requests have.

use lettre::Address;
use money::{Currency, Money};
use proto::common::v1 as common;
use wire::{Email, Fields};

use crate::domain::delivery::Status;

/// The maximum length of a first name.
const MAX_NAME_CHARS: usize = 100;
/// The maximum length of an idempotency key.
const MAX_KEY_CHARS: usize = 255;

/// Parsers in addition to those that all services share.
pub(super) trait NotificationFields {
    /// Reads an address that mail can be sent to.
    fn recipient(&mut self, field: &str, text: &str) -> Option<Email>;
    /// Reads a first name, which may be empty.
    fn first_name(&mut self, field: &str, text: &str) -> Option<String>;
    /// Reads an optional idempotency key.
    fn key(&mut self, field: &str, text: &str) -> Option<Option<String>>;
    /// Reads an amount, which must not be negative. Any currency is valid, since the amounts were
    /// decided by other services.
    fn amount(&mut self, field: &str, money: Option<&common::Money>) -> Option<Money>;
    /// Reads an optional status of mails.
    fn status_or_none(&mut self, field: &str, text: &str) -> Option<Option<Status>>;
}

impl NotificationFields for Fields {
    fn recipient(&mut self, field: &str, text: &str) -> Option<Email> {
        let email = self.email(field, text)?;
        match email.as_str().parse::<Address>() {
            Ok(_) => Some(email),
            Err(_) => self.reject(field, "must be an e-mail address"),
        }
    }

    fn first_name(&mut self, field: &str, text: &str) -> Option<String> {
        self.line_or_empty(field, text, MAX_NAME_CHARS)
    }

    fn key(&mut self, field: &str, text: &str) -> Option<Option<String>> {
        let key = self.line_or_empty(field, text, MAX_KEY_CHARS)?;
        Some((!key.is_empty()).then_some(key))
    }

    fn amount(&mut self, field: &str, money: Option<&common::Money>) -> Option<Money> {
        let Some(money) = money else { return self.reject(field, "is required") };
        let cents = self.number(&format!("{field}.amount_cents"), money.amount_cents, 0, i64::MAX);
        match money.currency.parse::<Currency>() {
            Ok(currency) => Some(Money::new(cents?, currency)),
            Err(_) => {
                self.reject(&format!("{field}.currency"), "must be an ISO 4217 code, as in USD")
            }
        }
    }

    fn status_or_none(&mut self, field: &str, text: &str) -> Option<Option<Status>> {
        if text.is_empty() {
            return Some(None);
        }
        match Status::parse(text) {
            Some(status) => Some(Some(status)),
            None => self.reject(field, "must be queued, sent or failed"),
        }
    }
}
