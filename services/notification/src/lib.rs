//! Mail to customers.

mod args;

pub use args::{Args, SmtpTls};
