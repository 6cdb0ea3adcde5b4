//! The Storefront operator: `events → index → desired → plan → apply → status`.
//!
//! The input and the output are at the two ends, everything between is pure:
//!
//! - [`watch`] reads events, [`observe`] makes rows of them, [`index`] keeps the rows;
//! - [`storefront_desired`] says what should exist, [`plan`] what has to be written for that,
//!   [`status`] what people are told, and [`decide`] puts the three together;
//! - [`reconcile`] carries out what was decided with [`apply`] and [`report`]; [`engine`] runs it
//!   for every Storefront that [`schedule`] says is due; [`ownership`] keeps it from taking over
//!   what is somebody else's;
//! - [`lease`] sees to it that one replica writes; [`run`] wires everything.

pub mod apply;
pub mod args;
pub mod clock;
pub mod decide;
pub mod engine;
pub mod error;
pub mod events;
pub mod fault;
mod fingerprint;
pub mod index;
pub mod key;
mod keys;
pub mod lease;
pub mod logging;
pub mod metrics;
pub mod observe;
pub mod operator;
pub mod ownership;
pub mod plan;
pub mod reconcile;
pub mod report;
pub mod requests;
pub mod run;
pub mod schedule;
mod secret;
pub mod server;
pub mod state;
pub mod status;
#[cfg(test)]
mod testing;
pub mod watch;
