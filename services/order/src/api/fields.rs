//! Reading what only requests about orders hold.

use jiff::Timestamp;
use proto::order::v1 as pb;
use wire::Fields;

use crate::domain::status::Status;

/// The longest key of a caller, in characters.
const MAX_KEY_CHARS: usize = 255;
/// The longest reason or note, a line as long as payment providers are told.
const MAX_NOTE_CHARS: usize = 500;
/// The longest name of who did something: an account's id, with room.
const MAX_ACTOR_CHARS: usize = 100;

/// Readers of the types of orders.
pub(super) trait OrderFields {
    /// A caller's key; none when it is empty.
    fn key(&mut self, text: &str) -> Option<Option<String>>;

    /// A reason or a note, which may be empty.
    fn note(&mut self, field: &str, text: &str) -> Option<String>;

    /// Who did it; empty for the system.
    fn actor(&mut self, text: &str) -> Option<String>;

    /// A time, if one is given.
    fn time_or_none(&mut self, field: &str, text: &str) -> Option<Option<Timestamp>>;

    /// A status, if one is given.
    fn status_or_none(&mut self, field: &str, number: i32) -> Option<Option<Status>>;

    /// A status that must be there.
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

    fn time_or_none(&mut self, field: &str, text: &str) -> Option<Option<Timestamp>> {
        if text.is_empty() {
            return Some(None);
        }
        match text.parse() {
            Ok(time) => Some(Some(time)),
            Err(_) => self.reject(field, "must be a time as in 2026-03-01T12:00:00Z"),
        }
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
            Err(_) => self.reject(field, "is no status"),
        }
    }

    fn status(&mut self, field: &str, number: i32) -> Option<Status> {
        match self.status_or_none(field, number)? {
            Some(status) => Some(status),
            None => self.reject(field, "is required"),
        }
    }
}
