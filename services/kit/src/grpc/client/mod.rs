//! gRPC client with client-side load balancing and safe retries.
//!
//! A [`Channel`] discovers the addresses behind a headless Service's name, sends each call to the
//! address with the fewest calls in flight, and retries once where that is safe:
//!
//! - a call that certainly reached no server (connection refused, stream refused by a server that
//!   shuts down), regardless of its effect;
//! - a *read* ([`ClientTarget::reads`]), also when the connection broke during the call.
//!
//! The retry goes to another address if there is one. (`tonic`'s own balanced channel cannot
//! guarantee that: it selects a random address, including failed ones, and waits forever when there
//! is no address.) Every call has a deadline, never later than that of the request it is made for,
//! and propagates the request id and the trace.
//!
//! With TLS, the server at an address must prove that it is the host of the target's URL.

mod call;
mod channel;
mod connector;
mod discovery;
mod failure;
mod peers;
mod pick;
mod state;
mod target;
#[cfg(test)]
mod tests;

pub use call::MAX_RESPONSE_BYTES;
pub use channel::Channel;
pub use target::{ClientTarget, TargetUrl};
