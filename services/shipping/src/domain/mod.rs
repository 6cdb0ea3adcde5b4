//! Domain types that are valid by construction, and the rules on them. No async, no SQL, no gRPC.

pub mod ids;
pub mod quote;
pub mod shipment;
pub mod status;
pub mod tracking;
