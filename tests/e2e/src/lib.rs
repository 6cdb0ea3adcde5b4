//! Journeys against a running cluster: what people do with the shop, from outside.
//!
//! The tests of `tests/journeys` run on the cluster of `make up`, with its example Storefront in
//! place. They run one after another. A journey that breaks something does so to a Storefront of its
//! own, in a namespace with the label [`cluster::OURS`], which the next journey removes.
//!
//! - [`cluster`]: the connection, and what is left over from journeys that failed
//! - [`shop`]: one Storefront: making it, changing it, waiting for it, asking it
//! - [`outside`]: a shopper at the ports of this machine
//! - [`readers`]: shoppers who read all the time and count what fails
//! - [`figures`]: medians and percentiles

pub mod cluster;
pub mod figures;
pub mod outside;
pub mod readers;
pub mod shop;
pub mod wait;

pub use cluster::Cluster;
pub use shop::Shop;
