//! The errors with which the program ends. A message says what to do where that is known.

use std::io;
use std::path::PathBuf;

/// An error with which the program ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process around a component failed.
    #[error(transparent)]
    Kit(#[from] kit::Error),
    /// A setting of a component is invalid.
    #[error("{component}: {reason}")]
    Settings {
        /// The component.
        component: &'static str,
        /// What is wrong with the setting.
        reason: String,
    },
    /// `shop all` has no URL of PostgreSQL or Redis.
    #[error("{name} is not set: set {description}, or start a server with --embedded")]
    NotSet {
        /// The environment variable.
        name: &'static str,
        /// What the environment variable contains.
        description: &'static str,
    },
    /// Another shop uses the PostgreSQL server.
    #[error(
        "the server of DATABASE_URL has a role {role} with another password, so another shop may \
         use the server: set another server, or --take-over-roles to lock that shop out"
    )]
    RoleTaken {
        /// The role.
        role: String,
    },
    /// A Storefront uses the PostgreSQL server.
    #[error(
        "the server of DATABASE_URL serves a Storefront: set another server, or --take-over-roles \
         to lock that shop out"
    )]
    ServerInUse(#[source] kit::Error),
    /// The demonstration data could not be written.
    #[error("cannot write the demonstration data")]
    Seed(#[source] kit::BoxError),
    /// The keys for access tokens could not be generated.
    #[error("cannot generate the keys for access tokens")]
    Keys(#[source] kit::BoxError),
    /// The consistency check of the orders could not be completed.
    #[error("cannot check the orders")]
    Check(#[source] kit::BoxError),
    /// Orders do not match the records of other services.
    #[error("{count} mismatches between orders and other services, listed above")]
    Mismatches {
        /// The number of mismatches.
        count: usize,
    },
    /// The result could not be written to standard output.
    #[error("cannot write to standard output")]
    Print(#[source] io::Error),
    /// The data folder or a server of `--embedded` failed.
    #[error(transparent)]
    Embedded(#[from] embedded::Error),
    /// A file or folder of the secrets could not be created or written.
    #[error("cannot {operation} {}", path.display())]
    File {
        /// The operation, a verb.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Error {
    /// The exit code of the process. The operator reads it from the status of a Job's pod.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Kit(kit::Error::DatabaseInUse { .. } | kit::Error::RoleTaken { .. }) => {
                ::components::DATABASE_IN_USE_EXIT_CODE
            }
            _ => 1,
        }
    }
}
