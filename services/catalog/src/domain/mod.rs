//! Domain types that cannot be invalid, and their rules. No async, no SQL, no gRPC.

pub mod category;
pub mod ids;
pub mod listing;
pub mod product;
pub mod reservation;
pub mod slug;
pub mod stock;
