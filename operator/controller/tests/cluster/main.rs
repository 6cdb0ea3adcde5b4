//! The operator against a real API server. No controllers run there: [`controllers`] plays those of
//! workloads, and what garbage collection would do is left undone, which shows what the operator
//! itself does and does not.

#![expect(clippy::unwrap_used, reason = "a fixture that fails fails the test")]
#![expect(clippy::panic, reason = "a fixture that waits in vain fails the test")]

mod binary;
mod controllers;
mod converge;
mod crash;
mod drift;
mod fixture;
mod leader;
mod rest;
mod rights;
mod services;
mod stores;
mod trouble;
