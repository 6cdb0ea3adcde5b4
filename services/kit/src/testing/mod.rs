//! Test fixtures that several services share.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod fault_proxy;
mod ports;
mod responses;

pub use fault_proxy::FaultProxy;
pub use ports::{free_address, free_port};
pub use responses::{code, fields, refusal, refused};
