//! Rebuilds indexes whose collation has changed. A new version of ICU or of the C library sorts
//! some texts differently; an index that was built with the old order misses rows.
//!
//! PostgreSQL records the version with the collation and with the database, and only a superuser
//! can update that record. Therefore the versions with which an index was rebuilt are written into
//! the index's comment, which takes precedence.

use super::statement::{failed, run};
use crate::Error;
use sqlx::{PgConnection, query_as, query_scalar};

/// Key of the advisory lock for rebuilding indexes. Any constant number works.
const LOCK_KEY: i64 = 0x636f_6c6c_6174_696f;

/// Each outdated index of the database: its name, and the statements that rebuild it and record the
/// versions. A collation without a version, such as "C", does not change. An exclusion constraint
/// cannot be rebuilt concurrently; no table has one.
const OUTDATED: &str = "
    WITH database AS (
        SELECT oid, datcollversion FROM pg_database WHERE datname = current_database()
    ), versions AS (
        SELECT coll.oid, coll.collname, coll.collversion AS recorded,
               pg_collation_actual_version(coll.oid) AS actual
          FROM pg_collation coll WHERE coll.collprovider <> 'd'
         UNION ALL
        SELECT coll.oid, coll.collname, database.datcollversion,
               pg_database_collation_actual_version(database.oid)
          FROM pg_collation coll, database WHERE coll.collprovider = 'd'
    ), indexes AS (
        SELECT class.oid, space.nspname, class.relname,
               string_agg(DISTINCT collname || ' ' || coalesce(recorded, actual), ', ') AS recorded,
               string_agg(DISTINCT collname || ' ' || actual, ', ') AS actual
          FROM pg_index index
          JOIN pg_class class ON class.oid = index.indexrelid
          JOIN pg_namespace space ON space.oid = class.relnamespace
         CROSS JOIN LATERAL unnest(index.indcollation::oid[]) AS key (collation_id)
          JOIN versions ON versions.oid = key.collation_id AND versions.actual IS NOT NULL
         WHERE class.relkind = 'i' AND index.indisvalid AND NOT index.indisexclusion
           AND space.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
         GROUP BY class.oid, space.nspname, class.relname
    ), comments AS (
        SELECT *, 'storefront.dev/collations: ' || actual AS wanted,
               coalesce(obj_description(oid, 'pg_class'), '') AS comment
          FROM indexes
    )
    SELECT relname::text,
           format('REINDEX INDEX CONCURRENTLY %I.%I', nspname, relname),
           format('COMMENT ON INDEX %I.%I IS %L', nspname, relname, wanted)
      FROM comments
     WHERE CASE WHEN comment LIKE 'storefront.dev/collations: %' THEN comment <> wanted
                ELSE recorded <> actual END
     ORDER BY relname";

/// The statements that remove what an interrupted rebuild has left.
const LEFTOVERS: &str = "
    SELECT format('DROP INDEX CONCURRENTLY %I.%I', space.nspname, class.relname)
      FROM pg_index index
      JOIN pg_class class ON class.oid = index.indexrelid
      JOIN pg_namespace space ON space.oid = class.relnamespace
     WHERE class.relkind = 'i' AND NOT index.indisvalid AND class.relname ~ '_cc(new|old)[0-9]*$'
       AND space.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')";

/// Rebuilds the indexes whose collations have changed since they were built. Reads and writes
/// continue meanwhile. An interrupted rebuild is repeated by the next call.
///
/// The lock is only tried: a session that waits for it would be a transaction, for which the
/// concurrent rebuild of the other session would wait in turn.
///
/// # Errors
/// When a statement fails.
pub(super) async fn rebuild_outdated_indexes(connection: &mut PgConnection) -> Result<(), Error> {
    let step = "read the versions of the collations";
    let outdated: Vec<(String, String, String)> =
        query_as(OUTDATED).fetch_all(&mut *connection).await.map_err(failed(step))?;
    if outdated.is_empty() {
        return Ok(());
    }
    let is_locked: bool = query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(LOCK_KEY)
        .fetch_one(&mut *connection)
        .await
        .map_err(failed(step))?;
    if !is_locked {
        tracing::info!("indexes are being rebuilt by another process");
        return Ok(());
    }
    let leftovers: Vec<String> =
        query_scalar(LEFTOVERS).fetch_all(&mut *connection).await.map_err(failed(step))?;
    for drop_index in leftovers {
        run(connection, drop_index, "remove an unfinished index").await?;
    }
    for (index, rebuild, comment) in outdated {
        tracing::info!(index, "collation changed; index is being rebuilt");
        run(connection, rebuild, "rebuild an index").await?;
        run(connection, comment, "record the collations of an index").await?;
    }
    // The caller closes the connection, which releases the lock.
    Ok(())
}
