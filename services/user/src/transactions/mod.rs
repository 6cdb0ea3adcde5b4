//! Transactions: each function is one transaction of the database.
//!
//! All transactions take locks in the same order: administrators by ID, the account, its sessions,
//! its other rows. So they cannot deadlock. Within a transaction, only PostgreSQL is called:
//! passwords are hashed before it begins, and what was read before is checked again under the lock.

pub(crate) mod access;
pub(crate) mod addresses;
pub(crate) mod attempts;
pub(crate) mod passwords;
pub(crate) mod sessions;
pub(crate) mod verification;
pub(crate) mod wishlist;
