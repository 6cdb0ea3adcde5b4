//! The rules on accounts, without I/O.

pub mod account;
pub mod address_book;
mod common_passwords;
pub mod ids;
pub mod mail;
pub mod mail_allowance;
pub mod name;
pub mod network;
pub mod password;
pub mod sealed_token;
pub mod session;
pub mod throttle;
pub mod token;
