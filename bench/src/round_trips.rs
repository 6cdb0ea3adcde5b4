//! Statements that reach PostgreSQL for one order, by database.
//!
//! `pg_stat_statements` counts each statement that a client sends, `BEGIN` and `COMMIT` too: each is
//! a round trip. What the shop asks by itself all the time (sweepers, queues) is measured in a window
//! without orders and taken off. Not counted is that a connection has a statement parsed when it sees
//! it first; connections are kept, so that is soon over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};

use crate::shopper::Shopper;
use crate::workload::Step;

/// Orders that are counted: enough that what is done once in a while does not show.
const ORDERS: u64 = 200;

/// Both windows are this long: the orders take a part of it, and what follows from them (mails) comes
/// to its end within the rest.
const WINDOW: Duration = Duration::from_secs(15);

/// Databases' owners, and statements an order, the last place for the sum.
pub(crate) type RoundTrips = Vec<(String, f64)>;

/// The superuser's connection, by which statements are counted.
pub(crate) struct Counter {
    connection: PgConnection,
}

/// A statement, and how much of the orders' time at PostgreSQL it took.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) database: String,
    pub(crate) calls: i64,
    pub(crate) total_ms: f64,
    pub(crate) text: String,
}

impl Counter {
    /// Connects, and stops counting: it costs a little, and is wanted for one measure only.
    pub(crate) async fn connect(url: &str) -> anyhow::Result<Self> {
        let connection = PgConnection::connect(url).await.context("PostgreSQL")?;
        let mut counter = Self { connection };
        let made = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        counter.run(made).await.context("PostgreSQL without pg_stat_statements")?;
        counter.count("none").await?;
        Ok(counter)
    }

    /// What PostgreSQL calls its version.
    pub(crate) async fn version(&mut self) -> anyhow::Result<String> {
        Ok(sqlx::query_scalar("SHOW server_version").fetch_one(&mut self.connection).await?)
    }

    /// Statements an order of `shopper`, whom nobody else disturbs, and the costliest of them.
    pub(crate) async fn of_one_order(
        &mut self,
        shopper: &mut Shopper,
    ) -> anyhow::Result<(RoundTrips, Vec<Statement>)> {
        order(shopper, 20).await?; // plans are made, connections opened
        self.count("top").await?;
        tokio::time::sleep(WINDOW / 3).await; // and what followed from these is done
        let quiet = self.window(async || Ok(())).await?;
        let busy = self.window(async || order(shopper, ORDERS).await).await?;
        let statements = self.costliest().await?;
        self.count("none").await?;
        Ok((per_order(&quiet, &busy), statements))
    }

    /// Calls by database in a window, at whose beginning `work` is done.
    async fn window(
        &mut self,
        work: impl AsyncFnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<BTreeMap<String, i64>> {
        self.run("SELECT pg_stat_statements_reset()").await?;
        let began = Instant::now();
        work().await?;
        tokio::time::sleep(WINDOW.saturating_sub(began.elapsed())).await;
        let calls = sqlx::query_as(
            "SELECT d.datname, sum(s.calls)::bigint FROM pg_stat_statements s
             JOIN pg_database d ON d.oid = s.dbid WHERE d.datname LIKE '%\\_db' GROUP BY 1",
        );
        let calls: Vec<(String, i64)> = calls.fetch_all(&mut self.connection).await?;
        Ok(calls.into_iter().collect())
    }

    async fn costliest(&mut self) -> anyhow::Result<Vec<Statement>> {
        let statements = sqlx::query_as(
            "SELECT d.datname, s.calls, s.total_exec_time, left(regexp_replace(s.query, '\\s+', ' ', 'g'), 160)
             FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
             WHERE d.datname LIKE '%\\_db' ORDER BY s.total_exec_time DESC LIMIT 100",
        );
        let statements: Vec<(String, i64, f64, String)> =
            statements.fetch_all(&mut self.connection).await?;
        let told =
            |(database, calls, total_ms, text)| Statement { database, calls, total_ms, text };
        Ok(statements.into_iter().map(told).collect())
    }

    /// Which statements are counted: those of clients (`top`), or none.
    async fn count(&mut self, which: &'static str) -> anyhow::Result<()> {
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

/// Orders, one after the other.
async fn order(shopper: &mut Shopper, count: u64) -> anyhow::Result<()> {
    for index in 0..count {
        let done = shopper.take(Step::Checkout, index).await;
        done.map_err(anyhow::Error::msg).context("an order whose statements are counted")?;
    }
    Ok(())
}

fn per_order(quiet: &BTreeMap<String, i64>, busy: &BTreeMap<String, i64>) -> RoundTrips {
    let of = |(database, calls): (&String, &i64)| {
        let calls = calls - quiet.get(database).copied().unwrap_or_default();
        let owner = database.trim_end_matches("_db").to_owned();
        (owner, calls as f64 / ORDERS as f64)
    };
    let mut all: RoundTrips = busy.iter().map(of).collect();
    all.push(("all".to_owned(), all.iter().map(|(_, calls)| calls).sum()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shop_asks_by_itself_is_taken_off() {
        let calls = |of: &[(&str, i64)]| {
            of.iter().map(|(name, calls)| ((*name).to_owned(), *calls)).collect::<BTreeMap<_, _>>()
        };
        let quiet = calls(&[("catalog_db", 10), ("order_db", 100)]);
        let busy = calls(&[("catalog_db", 1010), ("order_db", 4100), ("payment_db", 800)]);
        let expected = [("catalog", 5.0), ("order", 20.0), ("payment", 4.0), ("all", 29.0)];
        let expected = expected.map(|(name, calls)| (name.to_owned(), calls));
        assert_eq!(per_order(&quiet, &busy), expected);
    }
}
