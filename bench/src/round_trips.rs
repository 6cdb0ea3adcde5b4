//! The number of round trips to PostgreSQL per order, by database.
//!
//! `pg_stat_statements` counts each statement that a client sends, including `BEGIN` and `COMMIT`:
//! each is a round trip. The statements of background work (sweepers, queues) are counted in a
//! window without orders and subtracted. The round trip in which a connection prepares a statement
//! for the first time is not counted; connections are reused, so there are few.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};

use crate::shopper::Shopper;
use crate::workload::Step;

/// The number of counted orders: enough that occasional statements do not matter.
const ORDERS: u64 = 200;

/// The length of both windows. The orders take a part of it, and the work that follows from them
/// (mails) completes within the rest.
const WINDOW: Duration = Duration::from_secs(15);

/// The statements per order by component that owns the database. The last entry is the sum.
pub(crate) type RoundTrips = Vec<(String, f64)>;

/// A superuser's connection that counts statements.
pub(crate) struct Counter {
    connection: PgConnection,
}

/// A statement, with its calls and total execution time during the orders.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) database: String,
    pub(crate) calls: i64,
    pub(crate) total_ms: f64,
    pub(crate) text: String,
}

impl Counter {
    /// Connects, and turns counting off, which has a cost and is needed for one measurement only.
    pub(crate) async fn connect(url: &str) -> anyhow::Result<Self> {
        let connection =
            PgConnection::connect(url).await.context("cannot connect to PostgreSQL")?;
        let mut counter = Self { connection };
        let create = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        counter.run(create).await.context("cannot create the extension pg_stat_statements")?;
        counter.track("none").await?;
        Ok(counter)
    }

    /// Returns the version of PostgreSQL.
    pub(crate) async fn version(&mut self) -> anyhow::Result<String> {
        Ok(sqlx::query_scalar("SHOW server_version").fetch_one(&mut self.connection).await?)
    }

    /// Counts the statements per order of `shopper`, which must be the only load, and returns the
    /// costliest statements too.
    pub(crate) async fn measure_order(
        &mut self,
        shopper: &mut Shopper,
    ) -> anyhow::Result<(RoundTrips, Vec<Statement>)> {
        place_orders(shopper, 20).await?; // warm-up: connections are opened, statements planned
        self.track("top").await?;
        // The work that follows from the orders completes meanwhile.
        tokio::time::sleep(WINDOW / 3).await;
        let idle = self.count_window(async || Ok(())).await?;
        let busy = self.count_window(async || place_orders(shopper, ORDERS).await).await?;
        let statements = self.costliest().await?;
        self.track("none").await?;
        Ok((per_order(&idle, &busy), statements))
    }

    /// Counts the calls by database in a window that begins with `work`.
    async fn count_window(
        &mut self,
        work: impl AsyncFnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<BTreeMap<String, i64>> {
        self.run("SELECT pg_stat_statements_reset()").await?;
        let started = Instant::now();
        work().await?;
        tokio::time::sleep(WINDOW.saturating_sub(started.elapsed())).await;
        let calls = sqlx::query_as(
            "SELECT d.datname, sum(s.calls)::bigint FROM pg_stat_statements s
             JOIN pg_database d ON d.oid = s.dbid WHERE d.datname LIKE '%\\_db' GROUP BY 1",
        );
        let calls: Vec<(String, i64)> = calls.fetch_all(&mut self.connection).await?;
        Ok(calls.into_iter().collect())
    }

    async fn costliest(&mut self) -> anyhow::Result<Vec<Statement>> {
        let statements = sqlx::query_as(
            "SELECT d.datname, s.calls, s.total_exec_time,
                 left(regexp_replace(s.query, '\\s+', ' ', 'g'), 160)
             FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
             WHERE d.datname LIKE '%\\_db' ORDER BY s.total_exec_time DESC LIMIT 100",
        );
        let statements: Vec<(String, i64, f64, String)> =
            statements.fetch_all(&mut self.connection).await?;
        let statement =
            |(database, calls, total_ms, text)| Statement { database, calls, total_ms, text };
        Ok(statements.into_iter().map(statement).collect())
    }

    /// Sets which statements are counted: those of clients (`top`), or none.
    async fn track(&mut self, which: &'static str) -> anyhow::Result<()> {
        match which {
            "top" => self.run("ALTER SYSTEM SET pg_stat_statements.track = 'top'").await?,
            _ => self.run("ALTER SYSTEM SET pg_stat_statements.track = 'none'").await?,
        }
        self.run("SELECT pg_reload_conf()").await
    }

    async fn run(&mut self, statement: &'static str) -> anyhow::Result<()> {
        sqlx::raw_sql(statement).execute(&mut self.connection).await?;
        Ok(())
    }
}

/// Places orders sequentially.
async fn place_orders(shopper: &mut Shopper, count: u64) -> anyhow::Result<()> {
    for index in 0..count {
        let result = shopper.execute(Step::Checkout, index).await;
        result.map_err(anyhow::Error::msg).context("cannot place an order")?;
    }
    Ok(())
}

/// Subtracts the calls of the idle window and divides by the number of orders.
fn per_order(idle: &BTreeMap<String, i64>, busy: &BTreeMap<String, i64>) -> RoundTrips {
    let statements = |(database, calls): (&String, &i64)| {
        let calls = calls - idle.get(database).copied().unwrap_or_default();
        let owner = database.trim_end_matches("_db").to_owned();
        (owner, calls as f64 / ORDERS as f64)
    };
    let mut all: RoundTrips = busy.iter().map(statements).collect();
    all.push(("all".to_owned(), all.iter().map(|(_, calls)| calls).sum()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_order_subtracts_background_statements() {
        let calls = |counts: &[(&str, i64)]| {
            counts
                .iter()
                .map(|(name, calls)| ((*name).to_owned(), *calls))
                .collect::<BTreeMap<_, _>>()
        };
        let idle = calls(&[("catalog_db", 10), ("order_db", 100)]);
        let busy = calls(&[("catalog_db", 1010), ("order_db", 4100), ("payment_db", 800)]);
        let expected = [("catalog", 5.0), ("order", 20.0), ("payment", 4.0), ("all", 29.0)];
        let expected = expected.map(|(name, calls)| (name.to_owned(), calls));
        assert_eq!(per_order(&idle, &busy), expected);
    }
}
