//! Tests of who may provision a database on a shared server.

use crate::fixture::{Service, admin, execute};
use kit::Error;
use sqlx::query_scalar;

const FIRST: &str = "cluster-1/shop/demo";
const SECOND: &str = "cluster-1/other/demo";

/// Provisions as a Storefront with an external server does.
async fn claim(service: &Service, identity: &str, password: &str) -> Result<(), Error> {
    claim_with(service, identity, password, &[]).await
}

async fn claim_with(
    service: &Service,
    identity: &str,
    password: &str,
    more: &[&str],
) -> Result<(), Error> {
    let own = ["--database-server-use", "shared", "--database-identity", identity];
    service.provision_with(password, &[&own, more].concat()).await
}

/// Returns the comments on the database and on the role.
async fn comments(service: &Service) -> Vec<String> {
    query_scalar(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1
          UNION ALL
         SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1",
    )
    .bind(&service.name)
    .fetch_all(&mut admin("postgres").await)
    .await
    .expect("the comments")
    .into_iter()
    .map(Option::unwrap_or_default)
    .collect()
}

fn owned_by(identity: &str) -> Vec<String> {
    vec![format!("storefront.dev/owner: {identity}"); 2]
}

fn is_in_use(result: Result<(), Error>, owner: Option<&str>) -> bool {
    let Err(Error::DatabaseInUse { identity, .. }) = result else { return false };
    identity.map(|identity| identity.to_string()).as_deref() == owner
}

/// Returns the verifier that PostgreSQL stores for the role's password.
async fn verifier(service: &Service) -> String {
    query_scalar("SELECT rolpassword FROM pg_authid WHERE rolname = $1")
        .bind(&service.name)
        .fetch_one(&mut admin("postgres").await)
        .await
        .expect("the verifier")
}

#[tokio::test]
async fn database_of_another_storefront_is_refused_and_unchanged() {
    let service = Service::new();
    claim(&service, FIRST, "first").await.expect("the first Storefront");
    let mut connection = service.connect("first").await.expect("a connection");
    let before = verifier(&service).await;

    let refused = claim(&service, SECOND, "second").await;
    let text = refused.as_ref().expect_err("refused").to_string();
    assert!(text.ends_with("is in use by the Storefront cluster-1/shop/demo"), "{text}");
    assert!(is_in_use(refused, Some(FIRST)));
    assert_eq!(verifier(&service).await, before);
    assert_eq!(comments(&service).await, owned_by(FIRST));
    execute(&mut connection, "CREATE TABLE works (id int)".to_owned()).await;
}

#[tokio::test]
async fn storefront_that_is_created_again_gets_its_database_back() {
    let service = Service::new();
    claim(&service, FIRST, "first").await.expect("created");
    claim(&service, FIRST, "of another Secret").await.expect("created again");
    service.connect("of another Secret").await.expect("the new password");
}

#[tokio::test]
async fn database_without_identity_is_adopted_only_with_its_password() {
    let service = Service::new();
    service.provision("first").await.expect("provisioned without an identity");
    let before = verifier(&service).await;
    let refused = claim(&service, SECOND, "second").await;
    assert!(matches!(refused, Err(Error::RoleTaken { .. })), "{refused:?}");
    assert_eq!(verifier(&service).await, before);
    assert_eq!(comments(&service).await, ["", ""]);

    claim(&service, FIRST, "first").await.expect("adopted");
    assert_eq!(comments(&service).await, owned_by(FIRST));
    assert!(is_in_use(claim(&service, SECOND, "first").await, Some(FIRST)));
}

#[tokio::test]
async fn database_without_identity_and_role_is_refused() {
    let service = Service::new();
    let mut admin = admin("postgres").await;
    execute(&mut admin, format!("CREATE DATABASE {}", service.name)).await;
    assert!(is_in_use(claim(&service, FIRST, "first").await, None));
    let role = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    let role: bool =
        query_scalar(role).bind(&service.name).fetch_one(&mut admin).await.expect("the roles");
    assert!(!role, "nothing is created");
}

#[tokio::test]
async fn named_owner_is_taken_over_and_refused_afterwards() {
    let service = Service::new();
    claim(&service, FIRST, "first").await.expect("the first Storefront");
    let wrong = ["--database-take-over", "cluster-2/shop/demo"];
    assert!(is_in_use(claim_with(&service, SECOND, "second", &wrong).await, Some(FIRST)));
    let named = ["--database-take-over", FIRST];
    claim_with(&service, SECOND, "second", &named).await.expect("taken over");
    assert_eq!(comments(&service).await, owned_by(SECOND));
    service.connect("second").await.expect("the second Storefront's password");
    assert!(is_in_use(claim(&service, FIRST, "first").await, Some(SECOND)));

    let unidentified = Service::new();
    unidentified.provision("first").await.expect("provisioned without an identity");
    let none = ["--database-take-over", "none"];
    claim_with(&unidentified, SECOND, "second", &none).await.expect("taken over");
    unidentified.connect("second").await.expect("the second Storefront's password");
}

/// The databases of a shop are claimed together.
#[tokio::test]
async fn exactly_one_of_two_concurrent_claims_wins_all_databases() {
    for _ in 0..3 {
        let names: Vec<String> = (0..3).map(|_| Service::new().name).collect();
        let services: Vec<Service> = names
            .iter()
            .map(|name| Service { name: name.clone(), related: names.clone() })
            .collect();
        let claims = services
            .iter()
            .flat_map(|service| [claim(service, FIRST, "first"), claim(service, SECOND, "second")]);
        let results = futures::future::join_all(claims).await;
        let won = |offset: usize| results.iter().skip(offset).step_by(2).filter(|r| r.is_ok());
        let (first, second) = (won(0).count(), won(1).count());
        assert!(matches!((first, second), (3, 0) | (0, 3)), "{first} and {second}: {results:?}");
        let winner = if first == 3 { FIRST } else { SECOND };
        for service in &services {
            assert_eq!(comments(service).await, owned_by(winner));
        }
    }
}

#[tokio::test]
async fn exclusive_server_overwrites_any_identity() {
    let service = Service::new();
    claim(&service, FIRST, "first").await.expect("the first Storefront");
    let managed = ["--database-identity", SECOND];
    service.provision_with("second", &managed).await.expect("never refused");
    assert_eq!(comments(&service).await, owned_by(SECOND));
    service.connect("second").await.expect("the second password");
}

/// Such a role is all that an interrupted provisioning may leave.
#[tokio::test]
async fn role_with_identity_is_continued_with_another_password() {
    let service = Service::new();
    let mut admin = admin("postgres").await;
    let name = &service.name;
    execute(&mut admin, format!("CREATE ROLE {name} LOGIN PASSWORD 'first'")).await;
    execute(&mut admin, format!("COMMENT ON ROLE {name} IS 'storefront.dev/owner: {FIRST}'")).await;
    assert!(is_in_use(claim(&service, SECOND, "first").await, Some(FIRST)));
    claim(&service, FIRST, "second").await.expect("continued");
    service.connect("second").await.expect("a connection");
}

/// As administrators of managed databases are.
#[tokio::test]
async fn administrator_without_superuser_can_claim() {
    let administrator = Service::new();
    let mut admin = admin("postgres").await;
    let name = &administrator.name;
    let create = format!("CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD 'admin'");
    execute(&mut admin, create).await;
    let url = format!("postgres://{name}:admin@{}/postgres", Service::server());
    let service = Service::new();
    let own = ["--database-server-use", "shared", "--database-identity", FIRST];
    for password in ["first", "second"] {
        service.provision_at(&Service::server(), &url, password, &own).await.expect("provisioned");
    }
    assert_eq!(comments(&service).await, owned_by(FIRST));
}

/// A server that was built without ICU has none of its collations.
#[tokio::test]
async fn server_without_icu_is_refused_with_a_sentence() {
    let without_icu = Service::new();
    let name = &without_icu.name;
    execute(&mut admin("postgres").await, format!("CREATE DATABASE {name}")).await;
    let remove = "DELETE FROM pg_collation WHERE collprovider = 'i'";
    execute(&mut admin(name).await, remove.to_owned()).await;
    let (server, _) = crate::fixture::admin_url().rsplit_once('/').expect("a database");
    let service = Service::new();
    let refused = service
        .provision_at(&Service::server(), &format!("{server}/{name}"), "secret", &[])
        .await
        .expect_err("refused");
    assert!(matches!(refused, Error::NoIcu), "{refused:?}");
    assert!(refused.to_string().contains("built without ICU"), "{refused}");
    assert_eq!(comments(&service).await, [""; 0], "nothing is created");
}
