//! The side of the server.

use super::{Tls, check_protocol};
use crate::Runtime;
use crate::metrics::ComponentLabels;
use futures::stream::{self, Stream, StreamExt as _};
use prometheus_client::metrics::counter::Counter;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::TcpIncoming;

/// Longest time for a handshake: a busy peer's two packets, with room for one to be sent anew.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Handshakes at a time; each is a socket and some KiB. More wait in the kernel's queue.
const MAX_HANDSHAKES: usize = 1024;

impl Tls {
    /// The connections of `tcp` whose handshakes have succeeded, in the order in which they did.
    /// Those that fail are counted and closed.
    pub(in crate::grpc) fn incoming(
        &self,
        tcp: TcpIncoming,
        runtime: &Runtime,
    ) -> impl Stream<Item = io::Result<TlsStream<TcpStream>>> + use<> {
        let labels = ComponentLabels { component: runtime.name() };
        let failures = runtime.families().tls_handshake_failures.get_or_create_owned(&labels);
        let incoming = Incoming { tls: self.clone(), tcp, handshakes: JoinSet::new(), failures };
        stream::unfold(incoming, async |mut incoming| {
            let connection = incoming.next().await?;
            Some((connection, incoming))
        })
    }

    /// With the certificates of this moment.
    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.load().server.clone())
    }
}

struct Incoming {
    tls: Tls,
    tcp: TcpIncoming,
    handshakes: JoinSet<io::Result<TlsStream<TcpStream>>>,
    failures: Counter,
}

impl Incoming {
    /// A connection that is ready, or what kept the system from accepting one.
    async fn next(&mut self) -> Option<io::Result<TlsStream<TcpStream>>> {
        loop {
            let room = self.handshakes.len() < MAX_HANDSHAKES;
            tokio::select! {
                accepted = self.tcp.next(), if room => match accepted? {
                    Ok(stream) => {
                        self.handshakes.spawn(handshake(self.tls.acceptor(), stream));
                    }
                    Err(error) => return Some(Err(error)),
                },
                Some(ended) = self.handshakes.join_next() => {
                    if let Some(stream) = self.settle(ended) {
                        return Some(Ok(stream));
                    }
                }
            }
        }
    }

    fn settle(
        &self,
        ended: Result<io::Result<TlsStream<TcpStream>>, JoinError>,
    ) -> Option<TlsStream<TcpStream>> {
        match ended.map_err(io::Error::other).flatten() {
            Ok(stream) => Some(stream),
            Err(error) => {
                self.failures.inc();
                tracing::debug!(%error, "a handshake failed");
                None
            }
        }
    }
}

async fn handshake(acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
    check_protocol(stream.get_ref().1.alpn_protocol())?;
    Ok(stream)
}
