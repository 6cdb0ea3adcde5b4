//! PostgreSQL: a bounded pool with deadlines, what its errors mean, and the preparation of a
//! database (role, database, migrations).

mod connect;
mod error;
mod listen;
mod metrics;
mod migrate;
mod provision;
mod scram;

pub use connect::{Args, connect};
pub use error::{Kind, RETRY_AFTER, constraint, kind, status};
pub use listen::{ListenEvent, listen, listen_with_probe_interval};
pub(crate) use metrics::Pools;
pub use migrate::migrate;
pub use provision::{ExistingRole, ProvisionArgs, provision};

use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use tracing::Instrument as _;

/// Puts a span around a statement or transaction, named as its function in the store:
/// `catalog.list_products`. Its text and values stay out of it.
pub async fn traced<F: Future>(name: &'static str, work: F) -> F::Output {
    let span = tracing::info_span!(
        "db",
        otel.name = name,
        otel.kind = "client",
        otel.db.system.name = "postgresql"
    );
    work.instrument(span).await
}

/// Bounds what the driver itself would wait for until the kernel gives a silent connection up, which
/// takes a quarter of an hour.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = || sqlx::Error::Io(io::ErrorKind::TimedOut.into());
    timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}
