//! Calling other services.
//!
//! A [`Channel`] finds the addresses behind a headless name, spreads calls over them by how busy
//! each is, and knows what may be tried again:
//!
//! - a call that surely reached nobody (connection refused, stream refused by a server that is
//!   going away) is tried once more, whatever it does;
//! - a *read* ([`ClientTarget::reads`]) is tried once more also when the connection broke under it.
//!
//! The second try goes to another address when there is one. (`tonic`'s own balanced channel cannot
//! promise that: it picks at random among addresses, dead ones included; and it waits for ever
//! when there is none.) Every call has a deadline, never later than that of the request it is made
//! for; the request id and the trace go along.
//!
//! With TLS on, whoever answers at an address has to prove that it is the host of the target's URL.

mod call;
mod channel;
mod dial;
mod discovery;
mod failure;
mod peers;
mod pick;
mod target;
#[cfg(test)]
mod tests;

pub use call::MAX_RESPONSE_BYTES;
pub use channel::Channel;
pub use target::{ClientTarget, TargetUrl};
