//! A way to the catalog that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::shop::Catalog;

/// A way to the catalog that can be cut and mended.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    catalog: SocketAddr,
    relay: Option<JoinHandle<()>>,
}

impl Line {
    pub(crate) async fn to(catalog: &Catalog) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut line = Self { address, catalog: catalog.address(), relay: None };
        line.carry(listener);
        line
    }

    pub(crate) async fn cut(&mut self) {
        let relay = self.relay.take().expect("it is whole");
        relay.abort();
        relay.await.expect_err("it never ends by itself");
    }

    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the same port");
        self.carry(listener);
    }

    fn carry(&mut self, listener: TcpListener) {
        let catalog = self.catalog;
        self.relay = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.expect("a connection");
                connections.spawn(async move {
                    let mut far = TcpStream::connect(catalog).await.expect("the catalog");
                    copy_bidirectional(&mut near, &mut far).await.ok();
                });
            }
        }));
    }
}
