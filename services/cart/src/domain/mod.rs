//! Types that cannot be wrong and the rules on them. No async, no Redis, no gRPC.

pub mod cart;
pub mod pricing;
