//! What `storefront_desired::desired` promises, and that the stores' start scripts keep theirs.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a fixture that fails fails the test")]

mod cluster;
mod connections;
mod environment;
mod manifests;
mod postgres;
mod properties;
mod redis;
mod rollout;
mod servers;
mod snapshots;
mod specs;
mod world;
