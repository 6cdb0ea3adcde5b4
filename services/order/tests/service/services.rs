//! The real services around the order service, each with its own database.

use std::net::SocketAddr;

use clap::Args;
use kit::Runtime;
use secrecy::ExposeSecret as _;
use sqlx::{ConnectOptions as _, PgPool};
use tempfile::TempDir;
use testing::TestDatabase;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

/// A running service.
pub(crate) struct RunningService {
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    server: JoinHandle<()>,
    threads: Threads,
}

impl RunningService {
    /// Starts a service with its own port and threads, so that it can be killed like a process.
    pub(crate) async fn start<E, F>(serve: impl FnOnce(TcpListener, Runtime) -> F) -> Self
    where
        E: std::fmt::Debug,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let threads = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let entered = threads.enter();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = Runtime::for_tests();
        let served = serve(TcpListener::from_std(listener).unwrap(), runtime.clone());
        let server = threads.spawn(async { served.await.unwrap() });
        drop(entered);
        Self { address, runtime, server, threads: Threads(Some(threads)) }
    }

    /// Shuts it down gracefully.
    pub(crate) async fn stop(self) {
        self.runtime.drain();
        self.server.await.unwrap();
        self.runtime.stop().await;
    }

    /// Kills it at any point, as SIGKILL would.
    pub(crate) fn kill(mut self) {
        self.threads.kill();
    }
}

/// Threads that are dropped without waiting for their tasks.
struct Threads(Option<tokio::runtime::Runtime>);

impl Threads {
    fn kill(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All services, with connections to their databases.
pub(crate) struct Services {
    pub(crate) user: RunningService,
    pub(crate) catalog: RunningService,
    pub(crate) cart: RunningService,
    pub(crate) payment: RunningService,
    pub(crate) shipping: RunningService,
    pub(crate) notification: RunningService,
    pub(crate) catalog_db: PgPool,
    pub(crate) payment_db: PgPool,
    pub(crate) shipping_db: PgPool,
    pub(crate) notification_db: PgPool,
    pub(crate) user_db: PgPool,
    _databases: [TestDatabase; 5],
    _keys: TempDir,
}

/// Parses settings from CLI arguments, with longer database timeouts for a busy machine.
pub(crate) fn parse_settings<T: Args>(database: Option<&PgPool>, cli_args: &[&str]) -> T {
    match database {
        Some(pool) => {
            let url = pool.connect_options().to_url_lossy();
            testing::settings_with_database(url.as_str(), cli_args)
        }
        None => testing::settings(cli_args),
    }
}

impl Services {
    /// Starts all services of a shop with this currency, each on a database of its own.
    pub(crate) async fn start(currency: &str) -> Self {
        let currency = format!("--currency={currency}");
        let currency = currency.as_str();
        let catalog_db = testing::database(&catalog::MIGRATOR).await;
        let payment_db = testing::database(&payment::MIGRATOR).await;
        let shipping_db = testing::database(&shipping::MIGRATOR).await;
        let notification_db = testing::database(&notification::MIGRATOR).await;
        let user_db = testing::database(&user::MIGRATOR).await;

        let args = parse_settings(
            Some(catalog_db.pool()),
            &["--reservation-sweep-interval=100ms", currency],
        );
        let catalog =
            RunningService::start(|listener, runtime| catalog::serve_on(listener, args, runtime))
                .await;
        let cli_args = ["--fingerprint-key=a key for the tests of orders", currency];
        let args = parse_settings(Some(payment_db.pool()), &cli_args);
        let payment =
            RunningService::start(|listener, runtime| payment::serve_on(listener, args, runtime))
                .await;
        let args = parse_settings(Some(shipping_db.pool()), &[currency]);
        let shipping =
            RunningService::start(|listener, runtime| shipping::serve_on(listener, args, runtime))
                .await;
        let args = parse_settings(Some(notification_db.pool()), &["--smtp-port=1"]);
        let notification = RunningService::start(|listener, runtime| {
            notification::serve_on(listener, args, runtime)
        })
        .await;
        let url = format!("--catalog-url=http://{}", catalog.address);
        let redis = format!("--redis-url={}", testing::redis());
        let args = parse_settings(None, &[&url, &redis, "--redis-timeout=10s", currency]);
        let cart =
            RunningService::start(|listener, runtime| cart::serve_on(listener, args, runtime))
                .await;

        let keys = tempfile::tempdir().unwrap();
        let file = keys.path().join("keys.json");
        let generated = user::jwk::generate(&kit::Env::system()).unwrap();
        std::fs::write(&file, generated.signing.expose_secret()).unwrap();
        let file = format!("--jwt-signing-keys={}", file.display());
        let url = format!("--notification-url=http://{}", notification.address);
        let args = parse_settings(Some(user_db.pool()), &[&file, &url, "--bcrypt-cost=4"]);
        let user =
            RunningService::start(|listener, runtime| user::serve_on(listener, args, runtime))
                .await;
        Self {
            user,
            catalog,
            cart,
            payment,
            shipping,
            notification,
            catalog_db: catalog_db.pool().clone(),
            payment_db: payment_db.pool().clone(),
            shipping_db: shipping_db.pool().clone(),
            notification_db: notification_db.pool().clone(),
            user_db: user_db.pool().clone(),
            _databases: [catalog_db, payment_db, shipping_db, notification_db, user_db],
            _keys: keys,
        }
    }

    /// Sets whether the address of a customer is verified.
    pub(crate) async fn set_email_verified(&self, user: &str, verified: bool) {
        sqlx::query("UPDATE users SET email_verified = $2 WHERE id = $1::uuid")
            .bind(user)
            .bind(verified)
            .execute(&self.user_db)
            .await
            .unwrap();
    }

    /// Stops all services gracefully.
    pub(crate) async fn stop(self) {
        for service in
            [self.user, self.cart, self.payment, self.shipping, self.notification, self.catalog]
        {
            service.stop().await;
        }
    }
}
