//! Quotes, shipments and tracking.

mod args;

pub use args::Args;
