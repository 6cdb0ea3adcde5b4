//! Domain types and the rules on them, without I/O: no SQL, gRPC or SMTP.

pub mod content;
pub mod delivery;

wire::id! {
    /// A mail.
    NotificationId
}
