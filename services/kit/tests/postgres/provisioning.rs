//! Tests of provisioning and migrating.

use crate::fixture::{MIGRATOR, Service, admin_url, settings};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection, SqlSafeStr as _, query, query_scalar};

#[tokio::test]
async fn repeated_provisioning_keeps_data_and_sets_password() {
    let service = Service::new();
    service.provision("first").await.expect("provisioned");
    let mut connection = service.connect("first").await.expect("a connection of the role");
    query("CREATE TABLE kept (n int)").execute(&mut connection).await.expect("a table");

    service.provision("second").await.expect("provisioned again");
    assert!(service.connect("first").await.is_err(), "the old password is invalid");
    let mut connection = service.connect("second").await.expect("the new password is valid");
    let kept: i64 = query_scalar("SELECT count(*) FROM kept")
        .fetch_one(&mut connection)
        .await
        .expect("the table exists");
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn kept_role_with_another_password_is_rejected() {
    let service = Service::new();
    for _ in 0..2 {
        service.provision_shared("first").await.expect("created, then kept");
    }
    let result = service.provision_shared("second").await.expect_err("another password");
    assert!(matches!(result, kit::Error::RoleTaken { role } if role == service.name));
    service.connect("first").await.expect("the password is unchanged");

    let admin = &mut PgConnection::connect(admin_url()).await.expect("the administrator");
    let drop = format!("DROP DATABASE {}", service.name);
    query(sqlx::AssertSqlSafe(drop)).execute(admin).await.expect("dropped");
    service.provision_shared("first").await.expect("the database is created again");
    service.connect("first").await.expect("a connection");
}

#[tokio::test]
async fn role_cannot_connect_to_another_services_database() {
    let [one, other] = [Service::new(), Service::new()];
    for service in [&one, &other] {
        service.provision("secret").await.expect("provisioned");
    }
    let url = format!("postgres://{}:secret@{}/{}", one.name, Service::server(), other.name);
    let error = PgConnection::connect(&url).await.expect_err("no privilege");
    let code = error.as_database_error().and_then(|error| error.code()).expect("a code");
    assert_eq!(code, "42501");
}

#[tokio::test]
async fn concurrent_provisioning_succeeds() {
    let service = Service::new();
    let all = (0..8).map(|_| service.provision("secret"));
    for result in futures::future::join_all(all).await {
        result.expect("provisioned");
    }
    service.connect("secret").await.expect("a connection of the role");
}

#[tokio::test]
async fn concurrent_migrations_succeed() {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let args = settings(&service.url("secret"), &[]);
    let all = (0..4).map(|_| kit::postgres::migrate(&args, &MIGRATOR));
    for result in futures::future::join_all(all).await {
        result.expect("migrated");
    }
}

#[tokio::test]
async fn rollback_ignores_newer_migrations_but_verifies_its_own() {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let args = settings(&service.url("secret"), &[]);
    let migration = |version, text: &'static str| {
        Migration::new(version, "".into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    let own: Vec<Migration> = MIGRATOR.iter().cloned().collect();
    let mut newer = own.clone();
    newer.push(migration(1_000, "ALTER TABLE things ADD COLUMN color text"));
    kit::postgres::migrate(&args, &Migrator::with_migrations(newer)).await.expect("upgrade");
    kit::postgres::migrate(&args, &MIGRATOR).await.expect("rollback");

    let changed = migration(own[0].version, "CREATE TABLE others (id int)");
    let result = kit::postgres::migrate(&args, &Migrator::with_migrations(vec![changed])).await;
    assert!(matches!(result, Err(kit::Error::Migrate(_))), "{result:?}");
}
