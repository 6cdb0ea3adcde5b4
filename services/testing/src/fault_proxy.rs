//! A TCP proxy that injects connection faults between a service and its server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgPool;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::free_address;

/// TCP proxy in front of a server, with two kinds of faults: [`FaultProxy::disconnect`] closes the
/// port and ends all connections, as when the server restarts; [`FaultProxy::stall`] keeps open
/// connections open but transfers nothing over them, as in a network that drops packets.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    server: Arc<Mutex<String>>,
    relay: Option<JoinHandle<()>>,
    stalled: Arc<Notify>,
}

impl FaultProxy {
    /// Starts a proxy in front of the server at `host:port`.
    pub async fn start(server: impl ToString) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).await.unwrap();
        let stalled = Arc::default();
        let server = Arc::new(Mutex::new(server.to_string()));
        let mut proxy = Self { address, server, relay: None, stalled };
        proxy.spawn_relay(listener);
        proxy
    }

    /// Starts a proxy in front of the PostgreSQL server of a test's database.
    pub async fn for_database(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        Self::start(format!("{}:{}", options.get_host(), options.get_port())).await
    }

    /// The address on which the proxy listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a test's database through this proxy.
    #[must_use]
    pub fn database_url(&self, pool: &PgPool) -> String {
        let mut url = pool.connect_options().to_url_lossy();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Stops the transfer over all open connections without closing them. Connections that are
    /// made later work.
    pub fn stall(&self) {
        self.stalled.notify_waiters();
    }

    /// Sends connections that are made from now on to another server. Open ones stay as they are.
    pub fn redirect(&self, server: impl ToString) {
        *self.server.lock().unwrap() = server.to_string();
    }

    /// Closes the port and all connections, until [`FaultProxy::restore`].
    pub async fn disconnect(&mut self) {
        let relay = self.relay.take().expect("the proxy is connected");
        relay.abort();
        relay.await.expect_err("the relay ends only when it is aborted");
    }

    /// Opens the same port again.
    pub async fn restore(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.spawn_relay(listener);
    }

    fn spawn_relay(&mut self, listener: TcpListener) {
        let (server, stalled) = (Arc::clone(&self.server), Arc::clone(&self.stalled));
        self.relay = Some(tokio::spawn(relay(listener, server, stalled)));
    }
}

async fn relay(listener: TcpListener, server: Arc<Mutex<String>>, stalled: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut downstream, _) = listener.accept().await.unwrap();
        let stalled = Arc::clone(&stalled).notified_owned();
        let server = server.lock().unwrap().clone();
        connections.spawn(async move {
            let mut upstream = TcpStream::connect(server).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut downstream, &mut upstream) => return,
                () = stalled => {}
            }
            drop(upstream);
            // Keep the downstream connection open, and neither read nor write.
            std::future::pending::<()>().await;
            drop(downstream);
        });
    }
}
