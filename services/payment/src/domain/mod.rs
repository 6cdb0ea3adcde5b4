//! Types that cannot be wrong and the rules on them. No async, no SQL, no gRPC.

pub mod card;
pub mod ids;
pub mod method;
pub mod transaction;
