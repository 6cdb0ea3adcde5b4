//! Checkout, orders and their history.

pub mod domain;
