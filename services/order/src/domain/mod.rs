//! Domain types and pure rules: no async, no SQL, no gRPC.

pub mod backoff;
pub mod call;
pub mod checkout;
pub mod event;
pub mod failure;
pub mod ids;
pub mod line;
pub mod number;
pub mod order;
pub mod outbox;
pub mod outcome;
pub mod price;
pub mod refund;
pub mod status;

#[cfg(test)]
pub(crate) mod fixtures;
