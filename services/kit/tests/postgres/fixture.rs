//! Roles, databases and pools of the tests.

use clap::Parser;
use kit::Runtime;
use kit::postgres::ProvisionArgs;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, query};
use testing::FaultProxy;

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::postgres::Args,
}

#[derive(Parser)]
struct ProvisionSettings {
    #[command(flatten)]
    args: ProvisionArgs,
}

pub(crate) fn admin_url() -> &'static str {
    testing::postgres()
}

/// A role and a database of the same name. They are removed with the test's server.
pub(crate) struct Service {
    pub(crate) name: String,
    /// The other databases and roles of the same shop.
    pub(crate) related: Vec<String>,
}

impl Service {
    pub(crate) fn new() -> Self {
        let name = format!("kit_{}", kit::Env::system().uuid().simple());
        Self { name, related: Vec::new() }
    }

    /// The server's address without user, password and database.
    pub(crate) fn server() -> String {
        let url = admin_url();
        let host = url.rsplit_once('@').expect("a user").1;
        host.split_once('/').expect("a database").0.to_owned()
    }

    pub(crate) fn url(&self, password: &str) -> String {
        format!("postgres://{0}:{password}@{1}/{0}", self.name, Self::server())
    }

    pub(crate) async fn provision(&self, password: &str) -> Result<(), kit::Error> {
        self.provision_with(password, &[]).await
    }

    pub(crate) async fn provision_shared(&self, password: &str) -> Result<(), kit::Error> {
        self.provision_with(password, &["--database-server-use", "shared"]).await
    }

    pub(crate) async fn provision_with(
        &self,
        password: &str,
        more: &[&str],
    ) -> Result<(), kit::Error> {
        self.provision_at(&Self::server(), admin_url(), password, more).await
    }

    /// Provisions with the administrator's URL `admin`; the role would connect to `server`.
    pub(crate) async fn provision_at(
        &self,
        server: &str,
        admin: &str,
        password: &str,
        more: &[&str],
    ) -> Result<(), kit::Error> {
        let url = format!("postgres://{0}@{server}/{0}", self.name);
        let args = ["x", "--database-url", &url, "--admin-database-url", admin];
        let args = args.into_iter().chain(["--database-password", password]);
        let args = ProvisionSettings::parse_from(args.chain(more.iter().copied())).args;
        let related: Vec<&str> = self.related.iter().map(String::as_str).collect();
        kit::postgres::provision(&args, &related).await
    }

    pub(crate) async fn connect(&self, password: &str) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&self.url(password)).await
    }
}

/// Connects to a database as the administrator.
pub(crate) async fn admin(database: &str) -> PgConnection {
    let (server, _) = admin_url().rsplit_once('/').expect("a database");
    PgConnection::connect(&format!("{server}/{database}")).await.expect("the administrator")
}

/// Runs a statement.
pub(crate) async fn execute(connection: &mut PgConnection, statement: String) {
    query(AssertSqlSafe(statement)).execute(connection).await.expect("executed");
}

/// Parses the settings of a service with the URL and further arguments.
pub(crate) fn settings(url: &str, more: &[&str]) -> kit::postgres::Args {
    let args = ["x", "--database-url", url].into_iter().chain(more.iter().copied());
    Settings::parse_from(args).args
}

/// Creates a pool for a new, migrated database.
pub(crate) async fn pool(more: &[&str], runtime: &Runtime) -> PgPool {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let args = settings(&service.url("secret"), more);
    kit::postgres::migrate(&args, &MIGRATOR).await.expect("migrated");
    kit::postgres::connect(&args, runtime).expect("a pool")
}

/// Creates a pool that connects to a new database through a proxy.
pub(crate) async fn pool_through(proxy: &FaultProxy, more: &[&str], runtime: &Runtime) -> PgPool {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let url = format!("postgres://{0}:secret@{1}/{0}", service.name, proxy.address());
    kit::postgres::connect(&settings(&url, more), runtime).expect("a pool")
}
