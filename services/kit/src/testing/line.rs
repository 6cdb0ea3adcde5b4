//! A way to a server that can be cut.

use std::{net::SocketAddr, sync::Arc};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgPool;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use super::free_address;

/// A way to a server that can be cut: its port closes and its connections end, as when the server
/// restarts. Or it falls silent: nothing comes over its connections any more, and nobody is told, as in a
/// network that drops packets.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    server: String,
    relay: Option<JoinHandle<()>>,
    silence: Arc<Notify>,
}

impl Line {
    /// To the server at `host:port`.
    pub async fn to(server: impl ToString) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).await.unwrap();
        let silence = Arc::default();
        let mut line = Self { address, server: server.to_string(), relay: None, silence };
        line.carry(listener);
        line
    }

    /// To the PostgreSQL of a test's database.
    pub async fn to_database(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        Self::to(format!("{}:{}", options.get_host(), options.get_port())).await
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A test's database, by this way.
    #[must_use]
    pub fn url(&self, pool: &PgPool) -> String {
        let mut url = pool.connect_options().to_url_lossy();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Connections that are made later work.
    pub fn fall_silent(&self) {
        self.silence.notify_waiters();
    }

    /// Until it is mended, nobody gets through.
    pub async fn cut(&mut self) {
        let relay = self.relay.take().expect("it is whole");
        relay.abort();
        relay.await.expect_err("it never ends by itself");
    }

    /// On the same port as before.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.carry(listener);
    }

    fn carry(&mut self, listener: TcpListener) {
        let (server, silence) = (self.server.clone(), Arc::clone(&self.silence));
        self.relay = Some(tokio::spawn(relay(listener, server, silence)));
    }
}

async fn relay(listener: TcpListener, server: String, silence: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let silent = Arc::clone(&silence).notified_owned();
        let server = server.clone();
        connections.spawn(async move {
            let mut far = TcpStream::connect(server).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => return,
                () = silent => {}
            }
            drop(far);
            // Open, and nobody reads or writes.
            std::future::pending::<()>().await;
            drop(near);
        });
    }
}
