//! Types that cannot be wrong and the rules on them. No async, no SQL, no gRPC, no SMTP.

pub mod content;
pub mod delivery;

wire::id! {
    /// A mail.
    NotificationId
}
