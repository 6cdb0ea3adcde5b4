//! The gateway through HTTP: a real catalog on a real PostgreSQL behind it, a real Redis beside it.
//!
//! Every answer to a documented request is held against `/openapi.json` by the client of these
//! tests (see `judge`), whatever else a test looks at. `hack/test-env.sh` gives the databases.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod admin;
mod conventions;
mod judge;
mod outages;
mod products;
mod rate_limit;
mod rotation;
mod shop;
mod tokens;
