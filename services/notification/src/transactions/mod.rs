//! Transactions: each function is one transaction of the database. Within a transaction, only
//! PostgreSQL is called; connections to the mail server are made in between.

pub(crate) mod notifications;
