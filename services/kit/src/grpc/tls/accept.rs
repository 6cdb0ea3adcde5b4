//! TLS on the server side.

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

/// Longest time for a handshake: two packets of a busy peer, one of them retransmitted.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of concurrent handshakes; each needs a socket and some KiB. Further connections
/// wait in the kernel's queue.
const MAX_HANDSHAKES: usize = 1024;

impl Tls {
    /// Returns the connections of `tcp` whose handshakes succeed, in the order of completion.
    /// Failed ones are counted and closed.
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

    /// Creates an acceptor with the current certificates.
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
    /// Returns the next connection after its handshake, or the error of a failed accept.
    async fn next(&mut self) -> Option<io::Result<TlsStream<TcpStream>>> {
        loop {
            let has_capacity = self.handshakes.len() < MAX_HANDSHAKES;
            tokio::select! {
                accepted = self.tcp.next(), if has_capacity => match accepted? {
                    Ok(stream) => {
                        self.handshakes.spawn(handshake(self.tls.acceptor(), stream));
                    }
                    Err(error) => return Some(Err(error)),
                },
                Some(ended) = self.handshakes.join_next() => {
                    if let Some(stream) = self.complete_handshake(ended) {
                        return Some(Ok(stream));
                    }
                }
            }
        }
    }

    fn complete_handshake(
        &self,
        ended: Result<io::Result<TlsStream<TcpStream>>, JoinError>,
    ) -> Option<TlsStream<TcpStream>> {
        match ended.map_err(io::Error::other).flatten() {
            Ok(stream) => Some(stream),
            Err(error) => {
                self.failures.inc();
                tracing::debug!(%error, "TLS handshake failed");
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
