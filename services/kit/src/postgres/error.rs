//! What an error of the database means for whoever asked.

use crate::grpc::status;
use sqlx::Error;
use std::time::Duration;
use tonic::Status;

/// When it is worth asking again after the database could not answer: as long as a restart of it or
/// the wait of a lock takes at best.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What to do about an error of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL is away, full, starting or too slow: UNAVAILABLE, worth trying again.
    Unavailable,
    /// Another transaction was in the way (serialization, deadlock, lock timeout): the whole
    /// transaction can be run again.
    Conflict,
    /// A constraint says no; [`constraint`] tells which, and the call knows what that means.
    Constraint,
    /// The row that was asked for is not there.
    RowNotFound,
    /// Our fault: a statement or a type that does not fit the database.
    Bug,
}

/// The name of the constraint that an error comes from: `products_slug_key`.
#[must_use]
pub fn constraint(error: &Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// What kind of error this is.
#[must_use]
pub fn kind(error: &Error) -> Kind {
    match error {
        Error::RowNotFound => Kind::RowNotFound,
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        // What a connection says that is cut in the middle of a message.
        | Error::Protocol(_) => Kind::Unavailable,
        Error::Database(error) => error.code().map_or(Kind::Bug, |code| of_sqlstate(&code)),
        _ => Kind::Bug,
    }
}

/// What a caller is told of an error that no rule of the service explains: UNAVAILABLE if it may pass,
/// else INTERNAL. The cause is logged here, and stays here.
#[must_use]
pub fn status(error: &Error) -> Status {
    match kind(error) {
        Kind::Unavailable | Kind::Conflict => {
            tracing::warn!(error = error as &dyn std::error::Error, "the database failed");
            status::unavailable(RETRY_AFTER)
        }
        Kind::Constraint | Kind::RowNotFound | Kind::Bug => status::internal(error),
    }
}

/// By PostgreSQL's error codes (its manual, appendix A).
fn of_sqlstate(code: &str) -> Kind {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Kind::Conflict,
        // query_canceled (statement timeout), admin and crash shutdown, cannot connect now, database
        // dropped, idle session and transaction timeouts
        "57014" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" => Kind::Unavailable,
        // A database that is not there yet, and wrong passwords during a change of them: the
        // set-up's fault, told in the log; a caller may well try again.
        "3D000" | "28000" | "28P01" => Kind::Unavailable,
        // read_only_sql_transaction: a server that has just become a replica
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
    fn codes_of_postgresql_mean_what_its_manual_says() {
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
            ("42P01", Kind::Bug),
            ("22003", Kind::Bug),
            ("", Kind::Bug),
        ] {
            assert_eq!(of_sqlstate(code), expected, "{code}");
        }
    }

    #[test]
    fn errors_of_the_connection_are_no_bugs() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(kind(&Error::Io(broken)), Kind::Unavailable);
        assert_eq!(kind(&Error::PoolTimedOut), Kind::Unavailable);
        assert_eq!(kind(&Error::RowNotFound), Kind::RowNotFound);
        assert_eq!(kind(&Error::ColumnNotFound("x".to_owned())), Kind::Bug);
    }
}
