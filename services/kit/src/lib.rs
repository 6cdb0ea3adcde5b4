//! The infrastructure of every service, independent of the shop's domain.
//!
//! A component is a function `serve(args, runtime: kit::Runtime)`. A process uses, in this order:
//!
//! - [`Args`]: the settings of every process; [`settings`] and [`secret`] parse the others;
//! - [`block_on`] and [`Process`]: startup, telemetry, the admin port, graceful shutdown;
//! - [`Runtime`]: what a component gets from its process: [`Env`], metrics, readiness and tracked
//!   tasks, including periodic ones ([`run_periodically`]);
//! - [`backoff`]: delays between retries;
//! - [`grpc`] and [`http`]: servers with logs, metrics, limits and graceful shutdown, and the
//!   load-balancing client;
//! - [`postgres`] and [`redis`]: connections with timeouts, and the classification of their errors;
//! - [`problem`], [`context`] and [`origin`]: problem details, the request they belong to, and who
//!   made it.

mod admin;
mod args;
pub mod backoff;
pub mod context;
mod env;
mod error;
pub mod file_watch;
pub mod grpc;
pub mod http;
pub mod metrics;
pub mod net;
pub mod origin;
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

pub use args::{Args, LogFormat};
pub use env::Env;
pub use error::{BoxError, Error};
pub use periodic::run_periodically;
pub use process::{Process, block_on};
pub use readiness::ReadyGate;
pub use runtime::Runtime;
