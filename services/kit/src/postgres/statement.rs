//! Statements of provisioning and migrating, with their step in errors.

use crate::Error;
use sqlx::{AssertSqlSafe, PgConnection, query};

/// Runs a statement without parameters.
///
/// # Errors
/// [`Error::Database`] with this step.
pub(super) async fn run(
    connection: &mut PgConnection,
    statement: String,
    step: &'static str,
) -> Result<(), Error> {
    let statement = query(AssertSqlSafe(statement));
    statement.execute(connection).await.map(drop).map_err(failed(step))
}

/// Returns a function that adds the step to an error.
pub(super) fn failed(step: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| Error::Database { step, source }
}
