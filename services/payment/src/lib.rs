//! Payment methods and money movements.

mod args;

pub use args::{Args, ProviderKind};
