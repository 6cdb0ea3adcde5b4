//! PostgreSQL: a bounded connection pool with timeouts, classification of errors, notifications,
//! and provisioning (role, database, migrations).

mod collations;
mod connect;
mod error;
mod lease_worker;
mod listen;
mod metrics;
mod migrate;
mod pooling;
mod provision;
mod retirement;
mod statement;

pub use connect::{Args, connect};
pub use error::{Kind, RETRY_AFTER, constraint, kind, status};
pub use lease_worker::{LeaseQueue, LeaseWorker, NextClaim, Wakeup};
pub use listen::{ListenEvent, listen, listen_with_probe_interval};
pub(crate) use metrics::Pools;
pub use migrate::migrate;
pub use provision::{DatabaseIdentity, ProvisionArgs, ServerUse, TakeOver, provision};

use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::time::timeout;
use tracing::Instrument as _;

/// Runs a statement or transaction in a span that is named after its function in the store:
/// `catalog.list_products`. The span does not contain the statement or its values.
pub async fn traced<F: Future>(name: &'static str, work: F) -> F::Output {
    let span = tracing::info_span!(
        "db",
        otel.name = name,
        otel.kind = "client",
        otel.db.system.name = "postgresql"
    );
    work.instrument(span).await
}

/// Limits the time of an operation. Over a stalled connection the driver itself would wait until
/// the kernel closes it, after about 15 minutes.
async fn with_timeout<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let timed_out = || sqlx::Error::Io(io::ErrorKind::TimedOut.into());
    timeout(limit, work).await.unwrap_or_else(|_| Err(timed_out()))
}
