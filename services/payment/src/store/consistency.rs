//! Consistency checks. Each is one statement, which sees a single snapshot of the database.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};

use crate::consistency::ConsistencyReport;
use crate::error::Error;

/// Counts the inconsistencies. Open intents that were created before `stale` are stale.
pub(crate) async fn report(
    conn: &mut PgConnection,
    stale: Timestamp,
) -> Result<ConsistencyReport, Error> {
    let row = query!(
        r#"WITH taken AS (
               SELECT parent_id,
                   coalesce(sum(amount_cents)
                       FILTER (WHERE kind <> 'void' AND state <> 'failed'), 0) AS claimed,
                   coalesce(sum(amount_cents)
                       FILTER (WHERE kind <> 'void' AND state = 'done'), 0) AS settled,
                   bool_or(kind = 'capture' AND state = 'done') AS captured,
                   bool_or(kind = 'void' AND state = 'done' AND provider_ref <> '') AS voided
               FROM transactions WHERE parent_id IS NOT NULL GROUP BY parent_id
           ), summed AS (
               SELECT t.*, coalesce(claimed, 0) AS claimed, coalesce(settled, 0) AS settled,
                   coalesce(captured, false) AS captured, coalesce(voided, false) AS voided
               FROM transactions t LEFT JOIN taken ON taken.parent_id = t.id
           )
           SELECT count(*) FILTER (WHERE kind = 'authorization' AND settled > amount_cents)
                   AS "captures_above_authorization!",
               count(*) FILTER (WHERE kind IN ('charge', 'capture') AND settled > amount_cents)
                   AS "refunds_above_capture!",
               count(*) FILTER (WHERE captured AND (voided OR state = 'voided'))
                   AS "captured_and_voided!",
               count(*) FILTER (WHERE claimed <> claimed_cents OR settled <> settled_cents)
                   AS "sums_at_fault!",
               count(*) FILTER (WHERE state = 'open' AND created_at < $1) AS "stale_intents!"
           FROM summed"#,
        stale.to_sqlx(),
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(ConsistencyReport {
        captures_above_authorization: row.captures_above_authorization,
        refunds_above_capture: row.refunds_above_capture,
        captured_and_voided: row.captured_and_voided,
        sums_at_fault: row.sums_at_fault,
        stale_intents: row.stale_intents,
        provider_disagreements: simulator_disagreements(conn).await?,
    })
}

/// Counts the transactions of the simulated provider that differ from its records, or that only one
/// side has. An open intent agrees with any record.
async fn simulator_disagreements(conn: &mut PgConnection) -> Result<i64, Error> {
    let count = query_scalar!(
        r#"SELECT count(*) AS "count!"
           FROM (SELECT * FROM transactions WHERE provider = 'simulator') t
           FULL JOIN simulator_movements s ON s.key = t.id::text
           WHERE t.id IS NULL
           OR (s.key IS NULL AND t.state <> 'open' AND t.decline_code <> 'not_processed'
               -- The void of a failed authorization needs no call to the provider.
               AND NOT (t.kind = 'void' AND t.provider_ref = ''))
           OR s.amount_cents <> t.amount_cents OR s.currency <> t.currency
           OR s.operation <> CASE t.kind WHEN 'authorization' THEN 'authorize' ELSE t.kind END
           OR (t.state = 'failed' AND s.key IS NOT NULL AND s.decline_code IS NULL)
           OR (t.state IN ('done', 'voided', 'expired')
               AND (s.decline_code IS NOT NULL OR s.reference <> t.provider_ref))
           OR (t.state = 'voided' AND NOT EXISTS (
               SELECT FROM simulator_movements v WHERE v.parent_reference = t.provider_ref
                   AND v.operation = 'void' AND v.decline_code IS NULL))"#,
    );
    Ok(count.fetch_one(conn).await?)
}
