//! A service that runs in the process of its test.

use std::fmt::Debug;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, Parser};
use kit::Runtime;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The port of a stopped service becomes free when its connections are closed.
const BIND_TIMEOUT: Duration = Duration::from_secs(10);
const BIND_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Parser)]
struct Cli<A: Args> {
    #[command(flatten)]
    args: A,
}

/// Parses the settings of a component from command-line arguments.
///
/// # Panics
/// If an argument is invalid, or a required one is missing.
#[must_use]
pub fn settings<A: Args>(arguments: &[&str]) -> A {
    let parsed = Cli::try_parse_from(["test"].iter().chain(arguments));
    parsed.unwrap_or_else(|error| panic!("{error}")).args
}

/// Parses the settings of a service on the database at `url`. The database timeouts are long, so
/// that tests pass on a busy machine.
///
/// # Panics
/// If an argument is invalid, or a required one is missing.
#[must_use]
pub fn settings_with_database<A: Args>(url: &str, arguments: &[&str]) -> A {
    let mut line = vec!["--database-url", url];
    for timeout in
        ["--database-acquire-timeout", "--database-lock-timeout", "--database-statement-timeout"]
    {
        line.extend([timeout, "25s"]);
    }
    line.extend(arguments);
    settings(&line)
}

/// A running service.
pub struct RunningService {
    address: SocketAddr,
    runtime: Runtime,
    server: JoinHandle<()>,
}

impl RunningService {
    /// Starts a service on a free port of the loopback interface.
    pub async fn start<E: Debug, F: Future<Output = Result<(), E>> + Send + 'static>(
        runtime: Runtime,
        serve: impl FnOnce(TcpListener, Runtime) -> F,
    ) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), runtime, serve).await
    }

    /// Starts a service at `address`. Retries while a stopped service still uses the port.
    pub async fn start_at<E: Debug, F: Future<Output = Result<(), E>> + Send + 'static>(
        address: SocketAddr,
        runtime: Runtime,
        serve: impl FnOnce(TcpListener, Runtime) -> F,
    ) -> Self {
        let listener = timeout(BIND_TIMEOUT, bind(address)).await.expect("the port is free");
        let address = listener.local_addr().unwrap();
        let serving = serve(listener, runtime.clone());
        let server = tokio::spawn(async { serving.await.expect("the service runs until stopped") });
        Self { address, runtime, server }
    }

    /// The address on which the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the service, for its clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Shuts the service down gracefully, and waits until it has closed its connections.
    pub async fn stop(self) {
        self.runtime.drain();
        self.server.await.unwrap();
        self.runtime.stop().await;
    }
}

async fn bind(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(BIND_INTERVAL).await,
        }
    }
}
