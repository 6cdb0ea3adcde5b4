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

    /// The data folder belongs to something else.
    #[error("the folder {} holds something else: give an empty one with --data", folder.display())]
    FolderTaken {
        /// The folder.
        folder: PathBuf,
    },
    /// Another shop runs on the data folder.
    #[error("another shop runs on the data folder {}: end it, or give another with --data", folder.display())]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The servers' user may not enter the data folder.
    #[error("the user {user} may not enter {}: give another folder with --data", folder.display())]
    FolderUnreachable {
        /// Whom the servers run as.
        user: String,
        /// The folder.
        folder: PathBuf,
    },
    /// A server of an earlier run does not end.
    #[error("a {what} of an earlier run still uses {}: end it and try again", folder.display())]
    EarlierRun {
        /// Which server.
        what: &'static str,
        /// The data folder.
        folder: PathBuf,
    },
    /// We are root and the machine has nobody else.
    #[error("PostgreSQL refuses to run as root, and this machine has no user postgres or nobody")]
    NoUser,
    /// A server is not installed.
    #[error(
        "{what} is not installed: install it (Debian package: {package}), or set DATABASE_URL and REDIS_URL"
    )]
    NoProgram {
        /// Which server.
        what: &'static str,
        /// The package that brings it.
        package: &'static str,
    },
    /// The data folder was written by another PostgreSQL.
    #[error(
        "the data folder was written by PostgreSQL {major}, which is not installed: install it, or give another folder with --data"
    )]
    OtherPostgres {
        /// The major version.
        major: u32,
    },
    /// `initdb` refused.
    #[error("initdb could not make a database: {said}")]
    InitDb {
        /// The last thing it said.
        said: String,
    },
    /// A program could not be run.
    #[error("cannot run {what}")]
    Program {
        /// The program.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A server ended or hung before it served.
    #[error("{what} did not start: {said} (all of it is in {})", log.display())]
    NotStarted {
        /// Which server.
        what: &'static str,
        /// The last line of its log.
        said: String,
        /// Its log.
        log: PathBuf,
    },
    /// A server ended although nobody asked it to.
    #[error("{what} ended by itself: {said} (all of it is in {})", log.display())]
    Ended {
        /// Which server.
        what: &'static str,
        /// The last line of its log.
        said: String,
        /// Its log.
        log: PathBuf,
    },
    /// No port of loopback is free.
    #[error("cannot find a free port")]
    Port(#[source] io::Error),
    /// A file of the data folder could not be used.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
