//! Journeys against a running cluster: the behavior of Storefronts from outside.
//!
//! The tests of `tests/journeys` run on the cluster of `make up`, with its example Storefront
//! running. A journey that disturbs a Storefront creates one in a separate namespace, with the
//! label [`cluster::JOURNEY_LABEL`]; `make e2e` deletes such namespaces of earlier, failed runs.
//! Journeys run in parallel; [`Cluster`] holds the locks of those that cannot.
//!
//! - [`cluster`]: the connection, the namespaces of journeys, and their locks
//! - [`storefront`]: one Storefront: create, change, wait, call
//! - [`pods`]: pods that a journey runs beside the Storefronts
//! - [`external_postgres`]: a PostgreSQL server that no Storefront manages
//! - [`shopper`]: a client of the API at the ports of this machine
//! - [`load`]: clients that read continuously and count failures
//! - [`figures`]: medians and percentiles
//! - [`wait`]: polling with a timeout

pub mod cluster;
pub mod external_postgres;
pub mod figures;
pub mod load;
pub mod pods;
pub mod shopper;
pub mod storefront;
pub mod wait;

pub use cluster::Cluster;
pub use storefront::Shop;
