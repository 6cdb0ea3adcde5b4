//! What happens together: each function is one transaction of the database.
//!
//! Locks are taken in one order everywhere: administrators by id, the account, its sessions, the rest of
//! what it owns. So transactions wait for each other but never in a circle. No transaction waits for
//! anything but PostgreSQL: passwords are hashed before it begins, and what was known then is looked at
//! again under the lock.

pub(crate) mod access;
pub(crate) mod addresses;
pub(crate) mod attempts;
pub(crate) mod passwords;
pub(crate) mod sessions;
pub(crate) mod wishlist;
