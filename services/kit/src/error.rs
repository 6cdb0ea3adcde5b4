//! Errors that prevent a process from starting or serving. Failures of single requests are statuses
//! ([`crate::grpc::status`]) and problem details ([`crate::problem`]).

use crate::postgres::DatabaseIdentity;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Any error; the type in which components return why they ended.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a process could not start, serve, provision or migrate: the failed step and its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is invalid. The text never contains a secret.
    #[error("{name}: {reason}")]
    Setting {
        /// The environment name of the setting.
        name: &'static str,
        /// Why the value is invalid, for the operator.
        reason: String,
    },
    /// A file that a setting names could not be read.
    #[error("{name}: cannot read {}", path.display())]
    ReadFile {
        /// The environment name of the setting.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// An address could not be bound.
    #[error("cannot listen on {address} for {what}")]
    Listen {
        /// The server of the port: `admin`, `gRPC`, `HTTP`.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// The asynchronous runtime could not be built.
    #[error("cannot start the worker threads")]
    Threads(#[source] std::io::Error),
    /// The signal handlers could not be installed.
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    /// Logs or traces could not be set up.
    #[error("cannot set up {what}")]
    Telemetry {
        /// The part: `traces`.
        what: &'static str,
        /// The cause.
        source: BoxError,
    },
    /// A gRPC server ended with an error.
    #[error("the gRPC server failed")]
    Grpc(#[source] tonic::transport::Error),
    /// A descriptor set for reflection could not be decoded.
    #[error("cannot decode the gRPC descriptors")]
    Descriptors(#[source] BoxError),
    /// A signal ended work before it completed.
    #[error("interrupted by a signal")]
    Interrupted,
    /// A component ended without an error before the shutdown.
    #[error("a component ended before the shutdown")]
    Ended,
    /// A component ended with an error.
    #[error("a component failed")]
    Component(#[source] BoxError),
    /// A step of provisioning or migrating a database failed.
    #[error("cannot {step}")]
    Database {
        /// The step: `connect as the administrator`, `create the role`, …
        step: &'static str,
        /// The cause.
        source: sqlx::Error,
    },
    /// A database of a shared server, or one of the same shop, belongs to someone else.
    #[error("the database {database} {}", owner(identity.as_ref()))]
    DatabaseInUse {
        /// The database.
        database: String,
        /// The owner, if the database has an identity.
        identity: Option<DatabaseIdentity>,
    },
    /// A role that keeps its password exists with a password other than the given one.
    #[error("the role {role} exists with another password")]
    RoleTaken {
        /// The role.
        role: String,
    },
    /// The PostgreSQL server cannot sort by the rules of Unicode.
    #[error(
        "the PostgreSQL server was built without ICU (it has no collation und-x-icu): use a server \
         that was built with ICU"
    )]
    NoIcu,
    /// A pooler between the process and PostgreSQL shares server connections between clients.
    #[error(
        "the connections to PostgreSQL pass a pooler in transaction mode, which is not supported: \
         set the pooler to session mode, or connect to the server itself"
    )]
    TransactionPooling,
    /// A background worker panicked; its name and the cause are in the log.
    #[error("a background worker panicked")]
    Worker,
    /// Migrations could not be applied.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Describes the owner of a database that is in use.
fn owner(identity: Option<&DatabaseIdentity>) -> String {
    match identity {
        Some(identity) => format!("is in use by the Storefront {identity}"),
        None => "exists without an identity and without its role".to_owned(),
    }
}
