//! The invariants of an idle shop. Each is a statement over the snapshot that returns violations,
//! with faults that it must detect: a check that never fails proves nothing.

mod customers;
mod goods;
mod money;
mod orders;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar};

/// The most violations of one invariant that are reported.
const MAX_REPORTED: usize = 5;

/// A condition that must hold.
pub(crate) struct Invariant {
    /// The condition in words.
    description: &'static str,
    /// A query that returns a text for each violation.
    sql: &'static str,
    /// Changes of the snapshot that violate the condition.
    faults: &'static [&'static str],
}

/// Returns the violations of all invariants.
pub(crate) async fn violations(snapshot: &mut PgConnection) -> Vec<String> {
    let mut reports = Vec::new();
    for invariant in all() {
        let violations = invariant.violations(snapshot).await;
        let reported = violations.iter().take(MAX_REPORTED).map(|text| format!("  {text}\n"));
        if !violations.is_empty() {
            reports.push(format!(
                "{} ({} ×):\n{}",
                invariant.description,
                violations.len(),
                reported.collect::<String>()
            ));
        }
    }
    reports
}

/// Returns the faults that are not detected. Each fault is injected into the snapshot in a
/// transaction, which is rolled back after the check.
pub(crate) async fn undetected_faults(snapshot: &mut PgConnection) -> Vec<String> {
    let mut reports = Vec::new();
    for invariant in all() {
        let description = invariant.description;
        for fault in invariant.faults {
            let mut faulty = snapshot.begin().await.unwrap();
            let changed = query(AssertSqlSafe(*fault)).execute(&mut *faulty).await.unwrap();
            if changed.rows_affected() == 0 {
                reports.push(format!("{description}: no row of the snapshot changed by {fault}"));
            } else if invariant.violations(&mut faulty).await.is_empty() {
                reports.push(format!("{description}: does not detect {fault}"));
            }
            faulty.rollback().await.unwrap();
        }
    }
    reports
}

fn all() -> impl Iterator<Item = &'static Invariant> {
    let [orders, money]: [&[Invariant]; 2] = [&orders::ALL, &money::ALL];
    orders.iter().chain(money).chain(&goods::ALL).chain(&customers::ALL)
}

impl Invariant {
    async fn violations(&self, snapshot: &mut PgConnection) -> Vec<String> {
        query_scalar(self.sql).fetch_all(snapshot).await.unwrap()
    }
}
