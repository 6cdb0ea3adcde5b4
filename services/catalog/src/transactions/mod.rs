//! What happens together: each function is one transaction of the database.
//!
//! Locks are taken in one order everywhere (the table of categories, reservation, product, stock rows by
//! product id), so that transactions wait for each other but never in a circle. No transaction waits for
//! anything but PostgreSQL.
//!
//! Whoever puts a product into a category holds the table of categories against changes: the product's
//! words for the search come from the names that are committed then, and whoever renames or moves a
//! category writes them anew only for the products that it sees in it. Products that are in a category
//! already need no such lock: both write the product's own row, the later one with the names of the
//! earlier one.

pub(crate) mod categories;
pub(crate) mod products;
pub(crate) mod reservations;
