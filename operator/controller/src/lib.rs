//! The Storefront controller: `events → index → desired → plan → apply → status`.
//!
//! I/O is at the two ends; everything between them is pure:
//!
//! - [`watch`] runs the watchers, [`observe`] parses their objects, and [`index`] stores the
//!   result, as a reflector fills its store;
//! - [`storefront_desired`] builds the desired objects, [`plan`] compares them with the observed
//!   ones, [`status`] computes the status, and [`decide`] combines the three;
//! - [`reconcile`] executes the decision with [`apply`] and [`report`] for every key that
//!   [`work_queue`] takes from [`delaying_queue`]; [`ownership`] prevents it from overwriting
//!   objects of others;
//! - [`redis_memory`] measures the memory of Redis;
//! - [`leader_election`] ensures that only one replica writes; [`run`] wires everything.

pub mod apply;
#[cfg(test)]
mod argo_cd_with_lua;
pub mod args;
pub mod backoff;
pub mod clock;
mod cluster_id;
pub mod decide;
pub mod delaying_queue;
pub mod error;
pub mod events;
#[cfg(test)]
mod fake_cluster;
pub mod fault;
mod fingerprint;
pub mod index;
mod jwk;
pub mod leader_election;
pub mod logging;
pub mod metrics;
pub mod object_key;
pub mod observe;
pub mod operator;
pub mod ownership;
pub mod plan;
pub mod reconcile;
pub mod redis_memory;
pub mod report;
pub mod requests;
pub mod run;
mod secret;
pub mod server;
pub mod state;
pub mod status;
pub mod watch;
pub mod work_queue;
