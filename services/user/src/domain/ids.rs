//! Identifiers. Each has its own type, so that one cannot be passed for another.

pub use wire::{ProductId, UserId};

wire::id! {
    /// A session: a family of refresh tokens. The claim `sid` in access tokens.
    SessionId
}
wire::id! {
    /// An entry of an address book.
    AddressId
}
wire::id! {
    /// A mail in the outbox. Also its idempotency key.
    MailId
}
