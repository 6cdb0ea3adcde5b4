//! What tests of more than one service need.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod answers;
mod line;
mod ports;

pub use answers::{code, fields, refusal, refused};
pub use line::Line;
pub use ports::{free_address, free_port};
