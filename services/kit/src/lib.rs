//! What every service needs and that knows nothing of shops.
//!
//! A component is a function `serve(args, runtime: kit::Runtime)`. Around it stand, in the order in
//! which a process meets them:
//!
//! - [`Args`]: the settings that every process has; [`settings`] and [`secret`] parse the others;
//! - [`block_on`] and [`Process`]: boot, telemetry, the admin port, the ordered shutdown;
//! - [`Runtime`]: what a component is given: the [`Env`] seam, metrics, readiness, tracked tasks, among
//!   them those that come back ([`run_periodically`]);
//! - [`grpc`] and [`http`]: servers that log, measure, bound and drain, and the balancing client;
//! - [`postgres`] and [`redis`]: connections with deadlines, and what their failures mean;
//! - [`problem`] and [`context`]: how an answer tells what went wrong, and in which request;
//! - [`testing`]: what the tests of services share.

mod admin;
mod args;
pub mod context;
mod env;
mod error;
pub mod file_watch;
pub mod grpc;
pub mod http;
pub mod metrics;
mod periodic;
pub mod postgres;
pub mod problem;
mod process;
mod readiness;
pub mod redis;
mod runtime;
pub mod secret;
pub mod settings;
mod shutdown;
mod telemetry;
pub mod testing;

pub use args::{Args, LogFormat};
pub use env::Env;
pub use error::{BoxError, Error};
pub use periodic::run_periodically;
pub use process::{Process, block_on};
pub use readiness::ReadyGate;
pub use runtime::Runtime;
