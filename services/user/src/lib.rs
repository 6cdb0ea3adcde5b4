//! Accounts: sign-in, tokens, profiles, addresses and wishlists.

mod args;

pub use args::Args;
