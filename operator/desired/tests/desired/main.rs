//! Tests of `storefront_desired::desired` and of the start scripts of the datastores.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a fixture that fails fails the test")]

mod api_server;
mod connections;
mod database_identity;
mod environment_names;
mod fake_cluster;
mod manifests;
mod postgres;
mod properties;
mod redis;
mod rollout;
mod snapshots;
mod specs;
mod start_script;
