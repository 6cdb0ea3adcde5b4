//! What happens together: each function is one transaction of the database. None waits for anything
//! but PostgreSQL; the mail server is spoken with in between.

pub(crate) mod notifications;
