//! Tests of rebuilding indexes whose collation has changed.

use crate::fixture::{Service, admin, execute, settings};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr as _, query_as, query_scalar};

const TABLE: &str = r#"
    CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL);
    CREATE INDEX things_name ON things (name COLLATE "und-x-icu");
    CREATE INDEX things_name_bytes ON things (name COLLATE "C");
    INSERT INTO things SELECT n, 'name ' || n FROM generate_series(1, 100) AS n"#;

fn migrator() -> Migrator {
    let text = TABLE.into_sql_str();
    let migration = Migration::new(1, "".into(), MigrationType::Simple, text, false);
    Migrator::with_migrations(vec![migration])
}

/// Returns the files of the indexes; a rebuild writes another file.
async fn files(admin: &mut PgConnection) -> Vec<(String, i64)> {
    query_as(
        "SELECT relname::text, pg_relation_filenode(oid)::bigint FROM pg_class
          WHERE relkind = 'i' AND relname LIKE 'things%' ORDER BY relname",
    )
    .fetch_all(admin)
    .await
    .expect("the indexes")
}

async fn migrate(service: &Service) {
    let args = settings(&service.url("secret"), &[]);
    kit::postgres::migrate(&args, &migrator()).await.expect("migrated");
}

/// Returns a migrated database, and the administrator's connection to it.
async fn migrated() -> (Service, PgConnection) {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    migrate(&service).await;
    let admin = admin(&service.name).await;
    (service, admin)
}

const ALTER_RECORD: &str = "UPDATE pg_collation SET collversion = '0' WHERE collname = 'und-x-icu'";

#[tokio::test]
async fn changed_collation_version_rebuilds_its_indexes_once() {
    let (service, mut admin) = migrated().await;
    let original = files(&mut admin).await;
    migrate(&service).await;
    assert_eq!(files(&mut admin).await, original, "nothing has changed");

    execute(&mut admin, ALTER_RECORD.to_owned()).await;
    migrate(&service).await;
    let rebuilt = files(&mut admin).await;
    let changed: Vec<&str> = original
        .iter()
        .zip(&rebuilt)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.0.as_str())
        .collect();
    assert_eq!(changed, ["things_name"]);

    migrate(&service).await;
    assert_eq!(files(&mut admin).await, rebuilt, "the rebuild is recorded");
    let comment = "COMMENT ON INDEX things_name IS 'storefront.dev/collations: und-x-icu 1'";
    execute(&mut admin, comment.to_owned()).await;
    migrate(&service).await;
    assert_ne!(files(&mut admin).await, rebuilt, "the version has changed again");
}

#[tokio::test]
async fn leftover_of_an_interrupted_rebuild_is_removed() {
    let (service, mut admin) = migrated().await;
    let leftover = "CREATE INDEX things_name_ccnew ON things (name)";
    execute(&mut admin, leftover.to_owned()).await;
    let invalid = "UPDATE pg_index SET indisvalid = false
                    WHERE indexrelid = 'things_name_ccnew'::regclass";
    execute(&mut admin, invalid.to_owned()).await;
    execute(&mut admin, ALTER_RECORD.to_owned()).await;
    migrate(&service).await;
    let found: i64 = query_scalar("SELECT count(*) FROM pg_class WHERE relname ~ '_ccnew'")
        .fetch_one(&mut admin)
        .await
        .expect("the indexes");
    assert_eq!(found, 0);
}
