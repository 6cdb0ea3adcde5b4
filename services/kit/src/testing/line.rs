//! A way to PostgreSQL that can be cut.

use std::{net::SocketAddr, sync::Arc};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgPool;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// A way to PostgreSQL that can be cut: its port closes and its connections end, as when the server
/// restarts. Or it falls silent: nothing comes over its connections any more, and nobody is told.
#[derive(Debug)]
pub struct Line {
    pool: PgPool,
    address: SocketAddr,
    relay: Option<JoinHandle<()>>,
    silence: Arc<Notify>,
}

impl Line {
    /// To the server of a test's database.
    pub async fn to(pool: &PgPool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silence = Arc::default();
        let mut line = Self { pool: pool.clone(), address, relay: None, silence };
        line.carry(listener);
        line
    }

    /// The test's database, by this way.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.pool.connect_options().to_url_lossy();
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
        if let Some(relay) = self.relay.take() {
            relay.abort();
            relay.await.unwrap_err();
        }
    }

    /// On the same port as before.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.carry(listener);
    }

    fn carry(&mut self, listener: TcpListener) {
        let options = self.pool.connect_options();
        let server = (options.get_host().to_owned(), options.get_port());
        self.relay = Some(tokio::spawn(relay(listener, server, Arc::clone(&self.silence))));
    }
}

async fn relay(listener: TcpListener, server: (String, u16), silence: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(&server).await.unwrap();
        let silent = Arc::clone(&silence).notified_owned();
        connections.spawn(async move {
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => return,
                () = silent => {}
            }
            drop(far);
            std::future::pending::<()>().await;
            drop(near);
        });
    }
}
