//! Ids, each a type of its own, so that none is passed for another.

pub use wire::{ProductId, UserId};

wire::id! {
    /// A session: a family of refresh tokens, and `sid` in access tokens.
    SessionId
}
wire::id! {
    /// An entry of an address book.
    AddressId
}
wire::id! {
    /// A mail that is to be sent; its idempotency key.
    MailId
}
