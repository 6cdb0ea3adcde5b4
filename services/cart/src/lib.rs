//! Carts.

mod args;

pub use args::Args;
