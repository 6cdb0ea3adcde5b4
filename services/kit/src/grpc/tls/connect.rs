//! TLS on the client side.

use super::{Tls, check_protocol};
use rustls::pki_types::ServerName;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longest time for a handshake; short, so that the call's deadline leaves time for a retry at
/// another address.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(2);

impl Tls {
    /// Makes the handshake over `stream` and verifies that the server is `host`.
    pub(in crate::grpc) async fn connect(
        &self,
        host: String,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        // With the current certificates.
        let connector = TlsConnector::from(self.0.load().client.clone());
        let stream = timeout(HANDSHAKE_TIMEOUT, connector.connect(name, stream)).await??;
        check_protocol(stream.get_ref().1.alpn_protocol())?;
        Ok(stream)
    }
}
