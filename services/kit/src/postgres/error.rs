//! Classification of database errors for callers.

use super::retirement::retire_connections;
use crate::grpc::status;
use sqlx::Error;
use std::time::Duration;
use tonic::Status;

/// The retry delay when the database is unavailable: the shortest time of a restart or of a lock
/// wait.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Longest chain of sources that is searched for a database error. Real chains have about three.
const MAX_SOURCES: usize = 16;

/// The kinds of database errors, by how to handle them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL is unavailable, full, starting or too slow: UNAVAILABLE, may be retried.
    Unavailable,
    /// A conflict with another transaction (serialization failure, deadlock, lock timeout): the
    /// whole transaction can be retried.
    Conflict,
    /// A violated constraint; [`constraint`] returns its name, which the caller interprets.
    Constraint,
    /// The requested row does not exist.
    RowNotFound,
    /// A defect: a statement or a type that does not match the database.
    Bug,
}

/// Returns the name of the violated constraint: `products_slug_key`.
#[must_use]
pub fn constraint(error: &Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// Classifies an error. An error that reports a failover also retires the connections of this
/// process: see `super::retirement`.
#[must_use]
pub fn kind(error: &Error) -> Kind {
    match error {
        Error::RowNotFound => Kind::RowNotFound,
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        // The error of a connection that is closed in the middle of a message.
        | Error::Protocol(_) => Kind::Unavailable,
        Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if reports_failover(&code) {
                retire_connections();
            }
            kind_of_sqlstate(&code)
        }
        _ => Kind::Bug,
    }
}

/// Returns the status for an error without a meaning in the service: UNAVAILABLE if it may be
/// transient, else INTERNAL. The cause is logged here and not sent.
#[must_use]
pub fn status(error: &Error) -> Status {
    match kind(error) {
        Kind::Unavailable | Kind::Conflict => {
            let cause = cause(error);
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, cause, "database unavailable");
            status::unavailable(RETRY_AFTER)
        }
        Kind::Constraint | Kind::RowNotFound | Kind::Bug => status::internal(error),
    }
}

/// Classifies the database error in the sources of a worker's error, as [`kind`] does for requests,
/// and returns its cause in plain words.
pub(super) fn cause_of_worker_error(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let database_error = chain.take(MAX_SOURCES).find_map(|error| error.downcast_ref::<Error>());
    match database_error {
        Some(error) if matches!(kind(error), Kind::Unavailable | Kind::Conflict) => cause(error),
        _ => "see the error",
    }
}

/// Describes what keeps the database from being used, for the log.
fn cause(error: &Error) -> &'static str {
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
    match (error, code.as_ref()) {
        (Error::PoolTimedOut, _) => "no connection is free, or the server cannot be reached",
        (Error::Database(_), "3D000") => "the database does not exist",
        (Error::Database(_), "28000" | "28P01") => {
            "the role does not exist, may not log in, or has another password"
        }
        (Error::Database(_), "42501") => "the role lacks a privilege",
        (Error::Database(_), "42P01" | "3F000") => "tables are missing; run the migrations",
        (Error::Database(_), "25006") => "the server is read-only, as a replica is",
        (Error::Database(_), code) if code.starts_with("57P") => "the server starts or shuts down",
        (Error::Database(_), code) if code.starts_with("53") => "the server lacks resources",
        (Error::Database(_), code) if code.starts_with("40") => "conflict with another transaction",
        (Error::Database(_), "55P03") => "conflict with another transaction",
        (Error::Database(_), _) => "the server refused the statement",
        _ => "the connection failed",
    }
}

/// Reports whether the server has become read-only (read_only_sql_transaction), is shutting down
/// (admin_shutdown) or has crashed (crash_shutdown). Its other connections are useless then, too.
fn reports_failover(code: &str) -> bool {
    matches!(code, "25006" | "57P01" | "57P02")
}

/// Classifies PostgreSQL's error codes (appendix A of its manual).
fn kind_of_sqlstate(code: &str) -> Kind {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Kind::Conflict,
        // query_canceled (statement timeout), admin and crash shutdown, cannot connect now,
        // database dropped, idle session and transaction timeouts
        "57014" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" => Kind::Unavailable,
        // A role, database, privilege or table that does not exist (again) yet, as on a server
        // whose data was lost, and a wrong password during its change: errors of the configuration,
        // which are logged; callers may retry.
        "3D000" | "28000" | "28P01" | "42501" | "42P01" | "3F000" => Kind::Unavailable,
        // read_only_sql_transaction: a server that has become a replica
        "25006" => Kind::Unavailable,
        _ => match code.get(..2) {
            Some("23") => Kind::Constraint,
            // connection exceptions, insufficient resources, system errors
            Some("08" | "53" | "58") => Kind::Unavailable,
            Some("40") => Kind::Conflict,
            _ => Kind::Bug,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlstates_are_classified() {
        for (code, expected) in [
            ("40001", Kind::Conflict),
            ("40P01", Kind::Conflict),
            ("40002", Kind::Conflict),
            ("55P03", Kind::Conflict),
            ("57014", Kind::Unavailable),
            ("57P01", Kind::Unavailable),
            ("53300", Kind::Unavailable),
            ("08006", Kind::Unavailable),
            ("28P01", Kind::Unavailable),
            ("23505", Kind::Constraint),
            ("23514", Kind::Constraint),
            ("25006", Kind::Unavailable),
            ("3D000", Kind::Unavailable),
            ("42P01", Kind::Unavailable),
            ("42501", Kind::Unavailable),
            ("42601", Kind::Bug),
            ("22003", Kind::Bug),
            ("", Kind::Bug),
        ] {
            assert_eq!(kind_of_sqlstate(code), expected, "{code}");
        }
    }

    #[test]
    fn connection_errors_are_not_bugs() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(kind(&Error::Io(broken)), Kind::Unavailable);
        assert_eq!(kind(&Error::PoolTimedOut), Kind::Unavailable);
        assert_eq!(kind(&Error::RowNotFound), Kind::RowNotFound);
        assert_eq!(kind(&Error::ColumnNotFound("x".to_owned())), Kind::Bug);
    }
}
