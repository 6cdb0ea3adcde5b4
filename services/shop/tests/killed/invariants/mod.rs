//! What must be true once everything is quiet: each a statement over the books that gives what is
//! wrong. And of each, faults that it has to see: a check that sees nothing proves nothing.

mod customers;
mod goods;
mod money;
mod orders;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar};

/// The most findings that are told of one invariant.
const MAX_TOLD: usize = 5;

/// Something that must be true.
pub(crate) struct Invariant {
    /// In words.
    says: &'static str,
    /// Gives a text for each thing that contradicts it.
    sql: &'static str,
    /// Changes of the books that contradict it.
    faults: &'static [&'static str],
}

/// What contradicts the invariants, in words.
pub(crate) async fn findings(books: &mut PgConnection) -> Vec<String> {
    let mut told = Vec::new();
    for invariant in all() {
        let found = invariant.findings(books).await;
        let shown = found.iter().take(MAX_TOLD).map(|one| format!("  {one}\n"));
        if !found.is_empty() {
            told.push(format!(
                "{} ({} ×):\n{}",
                invariant.says,
                found.len(),
                shown.collect::<String>()
            ));
        }
    }
    told
}

/// The faults that are not seen: each is planted in the books, looked for, and taken back.
pub(crate) async fn blind_spots(books: &mut PgConnection) -> Vec<String> {
    let mut told = Vec::new();
    for invariant in all() {
        for fault in invariant.faults {
            let mut planted = books.begin().await.unwrap();
            let changed = query(AssertSqlSafe(*fault)).execute(&mut *planted).await.unwrap();
            if changed.rows_affected() == 0 {
                told.push(format!("{}: nothing in the books to spoil by {fault}", invariant.says));
            } else if invariant.findings(&mut planted).await.is_empty() {
                told.push(format!("{}: does not see {fault}", invariant.says));
            }
            planted.rollback().await.unwrap();
        }
    }
    told
}

fn all() -> impl Iterator<Item = &'static Invariant> {
    let [orders, money]: [&[Invariant]; 2] = [&orders::ALL, &money::ALL];
    orders.iter().chain(money).chain(&goods::ALL).chain(&customers::ALL)
}

impl Invariant {
    async fn findings(&self, books: &mut PgConnection) -> Vec<String> {
        query_scalar(self.sql).fetch_all(books).await.unwrap()
    }
}
