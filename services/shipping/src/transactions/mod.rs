//! What happens together: each function is one transaction of the database.
//!
//! A transaction locks one shipment and then writes what belongs to it, so that none waits for another in
//! a circle, and waits for nothing but PostgreSQL.

pub(crate) mod shipments;
