//! All services in this process, each with its own port and database, so that each can be stopped
//! while the others run.

use std::collections::HashMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use kit::Runtime;
use reqwest::Method;
use sqlx::migrate::Migrator;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};
use testing::{FaultProxy, RunningService, TestDatabase, free_address, settings};
use tokio::net::TcpListener;

use crate::tokens::{ACCOUNT_ID, SESSION_ID};

/// Service behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Products, categories and stock.
    Catalog,
    /// Accounts and sessions.
    User,
    /// Carts.
    Cart,
    /// Payments and saved cards.
    Payment,
    /// Quotes and shipments.
    Shipping,
    /// Mails.
    Notification,
    /// Orders and the checkout.
    Order,
}

impl Service {
    /// All services; the order service, which calls the others, is the last one.
    pub const ALL: [Self; 7] = [
        Self::Catalog,
        Self::User,
        Self::Cart,
        Self::Payment,
        Self::Shipping,
        Self::Notification,
        Self::Order,
    ];

    /// Returns the name of the service in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
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

    /// Returns a read request of an administrator whose success shows that the service is ready.
    #[must_use]
    pub fn probe_request(self) -> (Method, &'static str) {
        match self {
            Self::Catalog => (Method::GET, "/api/v1/categories"),
            Self::User => (Method::GET, "/api/v1/admin/users"),
            Self::Cart => (Method::GET, "/api/v1/cart"),
            Self::Payment => (Method::GET, "/api/v1/payment-methods"),
            // Calls shipping only for a non-empty cart, as the last of three services.
            Self::Shipping => (Method::GET, "/api/v1/shipping/quotes?zip_code=&country=US"),
            Self::Notification => (Method::GET, "/api/v1/admin/notifications"),
            Self::Order => (Method::GET, "/api/v1/admin/orders"),
        }
    }

    /// Returns the migrations of the service's database. The test creates the catalog's database.
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

/// Returns the URL of the database of a test.
#[must_use]
pub fn database_url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().into()
}

/// The services, and the settings to start them again.
pub struct Services {
    addresses: HashMap<Service, SocketAddr>,
    database_urls: HashMap<Service, String>,
    _databases: Vec<TestDatabase>,
    signing_keys: String,
    smtp: SocketAddr,
    redis: tokio::sync::Mutex<FaultProxy>,
    redis_url: String,
    running: Mutex<HashMap<Service, RunningService>>,
}

impl Services {
    /// Starts all services. The catalog serves the database of `pool`, filled with the demo
    /// products. Access tokens are signed with the keys in `signing_keys`, and mails are sent to
    /// `smtp`.
    pub async fn start(pool: &PgPool, signing_keys: &Path, smtp: SocketAddr) -> Self {
        let mut database_urls = HashMap::from([(Service::Catalog, database_url(pool))]);
        let mut databases = Vec::new();
        let mut addresses = HashMap::new();
        for service in Service::ALL {
            if let Some(migrator) = service.migrator() {
                let database = testing::database(migrator).await;
                database_urls.insert(service, database.url().to_owned());
                if service == Service::User {
                    create_administrator(database.pool()).await;
                }
                databases.push(database);
            }
            // Chosen before any service starts, because services call each other.
            addresses.insert(service, free_address());
        }
        let catalog: catalog::Args =
            settings(&["--database-url", &database_urls[&Service::Catalog]]);
        catalog::seed(&catalog, &Runtime::for_tests()).await.expect("demo products");
        let signing_keys = signing_keys.to_str().expect("a path").to_owned();
        let (redis, redis_url) = proxied_redis().await;
        let services = Self {
            addresses,
            database_urls,
            _databases: databases,
            signing_keys,
            smtp,
            redis: redis.into(),
            redis_url,
            running: Mutex::default(),
        };
        for service in Service::ALL {
            services.start_service(service).await;
        }
        services
    }

    /// Starts a stopped service at its previous address.
    pub async fn start_service(&self, service: Service) {
        let server = self.serve(service).await;
        let before = self.running.lock().expect("not poisoned").insert(service, server);
        assert!(before.is_none(), "{service:?} runs");
    }

    /// Stops a service.
    pub async fn stop(&self, service: Service) {
        let server = self.running.lock().expect("not poisoned").remove(&service);
        server.expect("it runs").stop().await;
    }

    /// Disconnects the cart service from Redis, which other tests use at the same time.
    pub async fn stop_redis(&self) {
        self.redis.lock().await.disconnect().await;
    }

    /// Connects the cart service to Redis again.
    pub async fn start_redis(&self) {
        self.redis.lock().await.restore().await;
    }

    /// Ends all sessions of an account in the database of the user service.
    pub async fn end_sessions(&self, account: &str) {
        let url = &self.database_urls[&Service::User];
        let mut connection = PgConnection::connect(url).await.expect("a connection");
        let statement = sqlx::query("DELETE FROM sessions WHERE user_id = $1::uuid").bind(account);
        statement.execute(&mut connection).await.expect("the sessions end");
    }

    /// Returns the settings with the URLs of all services: `--user-url http://…` and so on.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.urls_of(&Service::ALL)
    }

    fn urls_of(&self, parts: &[Service]) -> Vec<String> {
        let url = |service: &Service| [format!("--{}-url", service.name()), self.url(*service)];
        parts.iter().flat_map(url).collect()
    }

    fn url(&self, service: Service) -> String {
        format!("http://{}", self.addresses[&service])
    }

    async fn serve(&self, service: Service) -> RunningService {
        let at = self.addresses[&service];
        // Long enough to connect on a busy machine.
        let database = self.database_urls.get(&service).map_or("", String::as_str);
        let database = ["--database-url", database, "--database-acquire-timeout", "4s"];
        match service {
            Service::Catalog => {
                let args = settings(&database);
                start(at, |on, runtime| catalog::serve_on(on, args, runtime)).await
            }
            Service::User => {
                let mails = self.url(Service::Notification);
                let args = settings(&concat(
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
                start(at, |on, runtime| user::serve_on(on, args, runtime)).await
            }
            Service::Cart => {
                let args = settings(&[
                    "--catalog-url",
                    &self.url(Service::Catalog),
                    "--redis-url",
                    &self.redis_url,
                    "--redis-timeout",
                    "2s",
                ]);
                start(at, |on, runtime| cart::serve_on(on, args, runtime)).await
            }
            Service::Payment => {
                let args = settings(&concat(&database, &["--fingerprint-key", &"k".repeat(32)]));
                start(at, |on, runtime| payment::serve_on(on, args, runtime)).await
            }
            Service::Shipping => {
                let args = settings(&database);
                start(at, |on, runtime| shipping::serve_on(on, args, runtime)).await
            }
            Service::Notification => {
                let (host, port) = (self.smtp.ip().to_string(), self.smtp.port().to_string());
                let args =
                    settings(&concat(&database, &["--smtp-host", &host, "--smtp-port", &port]));
                start(at, |on, runtime| notification::serve_on(on, args, runtime)).await
            }
            Service::Order => {
                let urls = self.urls_of(&Service::ALL[..6]);
                let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
                let args = settings(&concat(&database, &urls));
                start(at, |on, runtime| order::serve_on(on, args, runtime)).await
            }
        }
    }
}

/// Creates the account and the session of the tokens that tests sign. The account cannot sign in.
async fn create_administrator(pool: &PgPool) {
    for statement in [
        "INSERT INTO users
             (id, email, email_key, password_hash, role, disabled, created_at, updated_at)
         VALUES ($1, 'root@example.com', 'root@example.com', '', 'admin', false, now(), now())",
        "INSERT INTO profiles (user_id, first_name, last_name, phone, avatar_url)
         VALUES ($1, '', '', '', '')",
    ] {
        sqlx::query(statement).bind(ACCOUNT_ID).execute(pool).await.expect("an account");
    }
    sqlx::query(
        "INSERT INTO sessions (id, user_id, created_at, expires_at)
         VALUES ($1, $2, now(), now() + interval '1 day')",
    )
    .bind(SESSION_ID)
    .bind(ACCOUNT_ID)
    .execute(pool)
    .await
    .expect("a session");
}

/// Starts a proxy in front of Redis, and returns the URL of Redis through it.
async fn proxied_redis() -> (FaultProxy, String) {
    let mut url = reqwest::Url::parse(testing::redis()).expect("a URL");
    let server = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(6379));
    let proxy = FaultProxy::start(server).await;
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(proxy.address().port())).expect("a port");
    (proxy, url.into())
}

/// Starts a service at `address`.
pub async fn start<E: Debug, F: Future<Output = Result<(), E>> + Send + 'static>(
    address: SocketAddr,
    serve: impl FnOnce(TcpListener, Runtime) -> F,
) -> RunningService {
    RunningService::start_at(address, Runtime::for_tests(), serve).await
}

fn concat<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}
