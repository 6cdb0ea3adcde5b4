//! The rules on accounts, without I/O.

pub mod account;
pub mod address_book;
pub mod ids;
pub mod mail;
pub mod password;
pub mod sealed_token;
pub mod session;
pub mod throttle;
pub mod token;
