//! Errors, each with the action that resolves it where that is known.

use std::io;
use std::path::PathBuf;

/// An error of a data folder or of a server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder contains other files.
    #[error(
        "the folder {} contains other files: give an empty one with --data",
        folder.display()
    )]
    FolderNotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// Another shop runs on the data folder.
    #[error(
        "another shop runs on the data folder {}: stop it, or give another with --data",
        folder.display()
    )]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The server user has no access to the data folder.
    #[error(
        "the user {user} has no access to {}: give another folder with --data",
        folder.display()
    )]
    FolderUnreachable {
        /// The user that the servers run as.
        user: String,
        /// The folder.
        folder: PathBuf,
    },
    /// A server of an earlier run is still running.
    #[error("{server} of an earlier run still uses {}: stop it and try again", folder.display())]
    EarlierRun {
        /// The server.
        server: &'static str,
        /// The data folder.
        folder: PathBuf,
    },
    /// The process runs as root, and no unprivileged user exists.
    #[error("PostgreSQL refuses to run as root, and this machine has no user postgres or nobody")]
    NoServerUser,
    /// A server is not installed.
    #[error(
        "{server} is not installed: install it (Debian: {debian}; Homebrew: {homebrew}), or set \
         DATABASE_URL and REDIS_URL"
    )]
    NotInstalled {
        /// The server, with the oldest supported version.
        server: &'static str,
        /// The Debian package.
        debian: &'static str,
        /// The Homebrew formula.
        homebrew: &'static str,
    },
    /// Another major version of PostgreSQL wrote the data folder.
    #[error(
        "the data folder was written by PostgreSQL {major}, which is not installed: install it, \
         or give another folder with --data"
    )]
    VersionNotInstalled {
        /// The major version.
        major: u32,
    },
    /// `initdb` failed.
    #[error("initdb could not create a database cluster: {reason}")]
    InitDb {
        /// Its last error message.
        reason: String,
    },
    /// A program could not be run.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A server exited, or did not accept connections in time.
    #[error("{server} did not start: {reason} (its log is {})", log.display())]
    NotStarted {
        /// The server.
        server: &'static str,
        /// The last line of its log.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
    /// A server exited without being stopped.
    #[error("{server} ended unexpectedly: {reason} (its log is {})", log.display())]
    Exited {
        /// The server.
        server: &'static str,
        /// The last line of its log.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
    /// No port of the loopback interface is free.
    #[error("cannot find a free port")]
    Port(#[source] io::Error),
    /// A file operation in the data folder failed.
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
