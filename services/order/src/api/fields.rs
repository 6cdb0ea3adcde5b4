//! Readers of the request fields that only orders have.

use proto::order::v1 as pb;
use wire::Fields;

use crate::domain::status::Status;

/// Maximum length of an idempotency key, in characters.
const MAX_KEY_CHARS: usize = 255;
/// Maximum length of a reason or note, in characters; payment providers accept this length.
const MAX_NOTE_CHARS: usize = 500;
/// Maximum length of an actor's id, in characters: an account id, with margin.
const MAX_ACTOR_CHARS: usize = 100;

/// Readers of the field types of orders.
pub(super) trait OrderFields {
    /// Reads an idempotency key; `None` if it is empty.
    fn key(&mut self, text: &str) -> Option<Option<String>>;

    /// Reads a reason or a note, which may be empty.
    fn note(&mut self, field: &str, text: &str) -> Option<String>;

    /// Reads the id of the actor; empty for the system.
    fn actor(&mut self, text: &str) -> Option<String>;

    /// Reads an optional status.
    fn status_or_none(&mut self, field: &str, number: i32) -> Option<Option<Status>>;

    /// Reads a required status.
    fn status(&mut self, field: &str, number: i32) -> Option<Status>;
}

impl OrderFields for Fields {
    fn key(&mut self, text: &str) -> Option<Option<String>> {
        match text {
            "" => Some(None),
            text => self.line_or_empty("idempotency_key", text, MAX_KEY_CHARS).map(Some),
        }
    }

    fn note(&mut self, field: &str, text: &str) -> Option<String> {
        self.line_or_empty(field, text, MAX_NOTE_CHARS)
    }

    fn actor(&mut self, text: &str) -> Option<String> {
        self.line_or_empty("actor_id", text, MAX_ACTOR_CHARS)
    }

    fn status_or_none(&mut self, field: &str, number: i32) -> Option<Option<Status>> {
        use pb::OrderStatus as Wire;
        match Wire::try_from(number) {
            Ok(Wire::Unspecified) => Some(None),
            Ok(Wire::Pending) => Some(Some(Status::Pending)),
            Ok(Wire::Confirmed) => Some(Some(Status::Confirmed)),
            Ok(Wire::Processing) => Some(Some(Status::Processing)),
            Ok(Wire::Shipped) => Some(Some(Status::Shipped)),
            Ok(Wire::Delivered) => Some(Some(Status::Delivered)),
            Ok(Wire::Cancelled) => Some(Some(Status::Cancelled)),
            Ok(Wire::Refunded) => Some(Some(Status::Refunded)),
            Err(_) => self.reject(field, "must be an order status"),
        }
    }

    fn status(&mut self, field: &str, number: i32) -> Option<Status> {
        match self.status_or_none(field, number)? {
            Some(status) => Some(status),
            None => self.reject(field, "is required"),
        }
    }
}
