//! Checkout, orders and their history.
