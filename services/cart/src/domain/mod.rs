//! Domain types that are valid by construction, and the rules on them. No async, no Redis, no gRPC.

pub mod cart;
pub mod pricing;
