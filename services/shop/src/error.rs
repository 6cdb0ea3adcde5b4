//! What can keep the shop from starting, each in a sentence that says what to do where that is known.

use std::io;
use std::path::PathBuf;

/// Why the shop ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A process around a component failed.
    #[error(transparent)]
    Kit(#[from] kit::Error),
    /// A setting of a component is wrong.
    #[error("{component}: {reason}")]
    Settings {
        /// The component.
        component: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// `shop all` was not told where PostgreSQL or Redis is.
    #[error("{name} is not set: give {of}, or start one with --embedded")]
    NotSet {
        /// The environment name.
        name: &'static str,
        /// What it is the URL of.
        of: &'static str,
    },
    /// Another shop uses the PostgreSQL server.
    #[error(
        "the server of DATABASE_URL has a role {role} with another password, so another shop may be using it: give another server, or --take-over-roles to lock that shop out"
    )]
    RoleTaken {
        /// The role.
        role: String,
    },
    /// The demonstration data could not be written.
    #[error("cannot write the demonstration data")]
    Seed(#[source] kit::BoxError),
    /// No key could be made for access tokens.
    #[error("cannot make keys for access tokens")]
    Keys(#[source] kit::BoxError),
    /// The orders could not be compared.
    #[error("cannot compare the orders")]
    Check(#[source] kit::BoxError),
    /// Orders and other services tell different things.
    #[error("{count} things disagree: each is named above")]
    Disagreements {
        /// How many.
        count: usize,
    },
    /// The answer could not be printed.
    #[error("cannot print")]
    Print(#[source] io::Error),
    /// The data folder or a server of `--embedded` failed.
    #[error(transparent)]
    Embedded(#[from] embedded::Error),
    /// A file of the secrets could not be used.
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
