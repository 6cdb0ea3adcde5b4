//! Domain types that are valid by construction, and the rules on them. No async, no SQL, no gRPC.

pub mod ids;
pub mod payment_method;
pub mod transaction;

pub use wire::card;
