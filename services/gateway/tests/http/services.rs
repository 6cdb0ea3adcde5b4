//! All services in this process, each on a port and a database of its own, so that one can go away
//! while the others stay.

use std::collections::HashMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use clap::Parser;
use kit::testing::free_address;
use kit::{Env, Runtime};
use reqwest::Method;
use sqlx::migrate::Migrator;
use sqlx::{Executor as _, PgPool};
use tokio::net::TcpListener;

/// A service behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Catalog,
    User,
    Cart,
    Payment,
    Shipping,
    Notification,
    Order,
}

impl Part {
    pub(crate) const ALL: [Self; 7] = [
        Self::Catalog,
        Self::User,
        Self::Cart,
        Self::Payment,
        Self::Shipping,
        Self::Notification,
        Self::Order,
    ];

    /// Its name in settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::User => "user",
            Self::Cart => "cart",
            Self::Payment => "payment",
            Self::Shipping => "shipping",
            Self::Notification => "notification",
            Self::Order => "order",
        }
    }

    /// A question of an administrator that it alone answers, and that changes nothing.
    pub(crate) fn asked(self) -> (Method, &'static str) {
        match self {
            Self::Catalog => (Method::GET, "/api/v1/categories"),
            Self::User => (Method::GET, "/api/v1/admin/users"),
            Self::Cart => (Method::GET, "/api/v1/cart"),
            Self::Payment => (Method::GET, "/api/v1/payment-methods"),
            // With an empty cart shipping is not asked; it is, last of three, once there is one.
            Self::Shipping => (Method::GET, "/api/v1/shipping/quotes?zip_code=&country=US"),
            Self::Notification => (Method::GET, "/api/v1/admin/notifications"),
            Self::Order => (Method::GET, "/api/v1/admin/orders"),
        }
    }

    /// The shape of its database; the catalog's is the one that the test was given.
    fn migrator(self) -> Option<&'static Migrator> {
        match self {
            Self::Catalog | Self::Cart => None,
            Self::User => Some(&user::MIGRATOR),
            Self::Payment => Some(&payment::MIGRATOR),
            Self::Shipping => Some(&shipping::MIGRATOR),
            Self::Notification => Some(&notification::MIGRATOR),
            Self::Order => Some(&order::MIGRATOR),
        }
    }
}

/// A server that runs until it is stopped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves there.
    pub(crate) async fn start<S: Future<Output = Result<(), E>> + Send + 'static, E: Debug>(
        address: SocketAddr,
        serve: impl FnOnce(TcpListener, Runtime) -> S,
    ) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let runtime = Runtime::for_tests();
        let serving = serve(listener, runtime.clone());
        let task = tokio::spawn(async { serving.await.expect("it serves") });
        Self { address, runtime, task }
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.runtime.drain();
        self.task.await.expect("it ends");
        self.runtime.stop().await;
    }
}

#[derive(Parser)]
struct Settings<A: clap::Args> {
    #[command(flatten)]
    args: A,
}

/// The settings of a component, with these beside the defaults.
pub(crate) fn settings<A: clap::Args>(given: &[&str]) -> A {
    Settings::<A>::parse_from(["test"].iter().chain(given)).args
}

/// The address of the database that a test was given.
pub(crate) fn database_url(pool: &PgPool) -> String {
    let options = pool.connect_options();
    url_of(options.get_database().expect("a database"))
}

fn url_of(database: &str) -> String {
    let server = std::env::var("DATABASE_URL").expect("DATABASE_URL: run by hack/test-env.sh");
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{database}")
}

/// The services, and what they need to be started again.
pub(crate) struct Services {
    addresses: HashMap<Part, SocketAddr>,
    databases: HashMap<Part, String>,
    signing_keys: String,
    smtp: SocketAddr,
    running: Mutex<HashMap<Part, Server>>,
}

impl Services {
    /// All of them; the catalog serves the database of `pool`, with the demo products in it. Access
    /// tokens are signed with the keys in this file, and mails go to `smtp`.
    pub(crate) async fn start(pool: &PgPool, signing_keys: &Path, smtp: SocketAddr) -> Self {
        let mut databases = HashMap::from([(Part::Catalog, database_url(pool))]);
        let mut addresses = HashMap::new();
        for part in Part::ALL {
            if let Some(migrator) = part.migrator() {
                databases.insert(part, new_database(pool, part, migrator).await);
            }
            // Known before any is started, as some call others.
            addresses.insert(part, free_address());
        }
        let catalog: catalog::Args = settings(&["--database-url", &databases[&Part::Catalog]]);
        catalog::seed(&catalog, &Runtime::for_tests()).await.expect("demo products");
        let signing_keys = signing_keys.to_str().expect("a path").to_owned();
        let running = Mutex::default();
        let services = Self { addresses, databases, signing_keys, smtp, running };
        for part in Part::ALL {
            services.begin(part).await;
        }
        services
    }

    /// Starts one that does not run, where it was before.
    pub(crate) async fn begin(&self, part: Part) {
        let server = self.serve(part).await;
        let before = self.running.lock().expect("not poisoned").insert(part, server);
        assert!(before.is_none(), "{part:?} runs");
    }

    /// Ends one.
    pub(crate) async fn end(&self, part: Part) {
        let server = self.running.lock().expect("not poisoned").remove(&part);
        server.expect("it runs").stop().await;
    }

    /// Where the gateway finds them: `--user-url http://…` and so on.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.urls_of(&Part::ALL)
    }

    fn urls_of(&self, parts: &[Part]) -> Vec<String> {
        let url = |part: &Part| [format!("--{}-url", part.name()), self.url(*part)];
        parts.iter().flat_map(url).collect()
    }

    fn url(&self, part: Part) -> String {
        format!("http://{}", self.addresses[&part])
    }

    async fn serve(&self, part: Part) -> Server {
        let at = self.addresses[&part];
        // Generous, for a busy machine takes long to connect.
        let database = self.databases.get(&part).map_or("", String::as_str);
        let database = ["--database-url", database, "--database-acquire-timeout", "4s"];
        match part {
            Part::Catalog => {
                let args = settings(&database);
                Server::start(at, |on, runtime| catalog::serve_on(on, args, runtime)).await
            }
            Part::User => {
                let mails = self.url(Part::Notification);
                let args = settings(&with(
                    &database,
                    &[
                        "--notification-url",
                        &mails,
                        "--jwt-signing-keys",
                        &self.signing_keys,
                        "--bcrypt-cost",
                        "4",
                    ],
                ));
                Server::start(at, |on, runtime| user::serve_on(on, args, runtime)).await
            }
            Part::Cart => {
                let args =
                    settings(&["--catalog-url", &self.url(Part::Catalog), "--redis-timeout", "2s"]);
                Server::start(at, |on, runtime| cart::serve_on(on, args, runtime)).await
            }
            Part::Payment => {
                let args = settings(&with(&database, &["--fingerprint-key", &"k".repeat(32)]));
                Server::start(at, |on, runtime| payment::serve_on(on, args, runtime)).await
            }
            Part::Shipping => {
                let args = settings(&database);
                Server::start(at, |on, runtime| shipping::serve_on(on, args, runtime)).await
            }
            Part::Notification => {
                let (host, port) = (self.smtp.ip().to_string(), self.smtp.port().to_string());
                let args =
                    settings(&with(&database, &["--smtp-host", &host, "--smtp-port", &port]));
                Server::start(at, |on, runtime| notification::serve_on(on, args, runtime)).await
            }
            Part::Order => {
                let urls = self.urls_of(&Part::ALL[..6]);
                let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
                let args = settings(&with(&database, &urls));
                Server::start(at, |on, runtime| order::serve_on(on, args, runtime)).await
            }
        }
    }
}

fn with<'a>(given: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [given, more].concat()
}

/// A database beside that of `pool`, on the server that is thrown away after the tests.
async fn new_database(pool: &PgPool, part: Part, migrator: &Migrator) -> String {
    let name = format!("gateway_{}_{}", part.name(), Env::system().uuid().simple());
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    pool.execute(create).await.expect("a database");
    let url = url_of(&name);
    let fresh = PgPool::connect(&url).await.expect("a connection");
    migrator.run(&fresh).await.expect("its tables");
    fresh.close().await;
    url
}
