//! Database transactions: each function commits exactly one.
//!
//! All transactions take locks in one order (the table of categories, reservation, product, stock
//! rows by product id), which prevents deadlocks. No transaction waits for anything except
//! PostgreSQL.
//!
//! A transaction that puts a product into a category takes a shared lock on the categories: the
//! product's search words come from the committed names, and a transaction that renames or moves a
//! category rewrites them only for the products that it sees. Products that stay in their category
//! need no such lock: both transactions write the product's row, the later one with the names of
//! the earlier one.

pub(crate) mod categories;
pub(crate) mod products;
pub(crate) mod reservations;
