//! Tests of the operator against a real API server. No controllers run there: [`fake_controllers`]
//! reports the status of workloads, and there is no garbage collector, so the tests observe exactly
//! what the operator does.

#![expect(clippy::unwrap_used, reason = "a fixture that fails fails the test")]
#![expect(clippy::panic, reason = "a fixture that times out fails the test")]

mod binary;
mod converge;
mod crash;
mod datastores;
mod drift;
mod failures;
mod fake_controllers;
mod fixture;
mod idle;
mod leader_election;
mod rbac;
mod services;
