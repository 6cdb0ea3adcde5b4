//! What can keep a process from starting or serving. Failures of single requests are statuses
//! ([`crate::grpc::status`]) and problems ([`crate::problem`]).

use std::net::SocketAddr;
use std::path::PathBuf;

/// Any error; the type in which components report why they ended.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a process could not start, serve, provision or migrate: what was tried, and the source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that cannot be used. The text never repeats a secret.
    #[error("{name}: {reason}")]
    Setting {
        /// The environment name of the setting.
        name: &'static str,
        /// What is wrong with it, in words for whoever set it.
        reason: String,
    },
    /// A file that a setting points at could not be read.
    #[error("{name}: cannot read {}", path.display())]
    ReadFile {
        /// The environment name of the setting.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address} for {what}")]
    Listen {
        /// Whose port it is: `admin`, `gRPC`, `HTTP`.
        what: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The asynchronous runtime could not be built.
    #[error("cannot start the worker threads")]
    Threads(#[source] std::io::Error),
    /// Signals could not be listened for.
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    /// Logs or traces could not be set up.
    #[error("cannot set up {what}")]
    Telemetry {
        /// Which part.
        what: &'static str,
        /// Why.
        source: BoxError,
    },
    /// A gRPC server ended with an error.
    #[error("the gRPC server failed")]
    Grpc(#[source] tonic::transport::Error),
    /// A descriptor set given for reflection could not be read.
    #[error("the gRPC descriptors cannot be read")]
    Descriptors(#[source] BoxError),
    /// A signal ended work that would have ended by itself.
    #[error("interrupted by a signal")]
    Interrupted,
    /// A component ended although nobody asked it to.
    #[error("a component ended by itself")]
    Ended,
    /// A component ended with an error of its own.
    #[error("a component failed")]
    Component(#[source] BoxError),
    /// A step of preparing a database failed.
    #[error("cannot {step}")]
    Database {
        /// What was tried: `connect as the administrator`, `create the role`, …
        step: &'static str,
        /// Why.
        source: sqlx::Error,
    },
    /// A role that was to keep its password has another one than was given.
    #[error("the server has a role {role} with another password")]
    RoleTaken {
        /// The role.
        role: String,
    },
    /// A background worker panicked; the log tells which and why.
    #[error("a background worker panicked")]
    Worker,
    /// Migrations could not be applied.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}
