//! A mail catcher for trying out: SMTP in, a page and JSON out.

mod args;

pub use args::Args;
