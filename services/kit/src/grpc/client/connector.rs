//! Connections to the addresses of a target.

use super::target::TargetUrl;
use crate::grpc::Tls;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// Longest time to connect. The address of a deleted pod may drop packets silently.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Interval of HTTP/2 keep-alive pings while calls wait, and the timeout of their reply.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(2));

/// Connects to the addresses of one target, over TLS if the process uses it.
#[derive(Debug)]
pub(super) struct Connector {
    origin: http::Uri,
    host: String,
    tls: Option<Tls>,
}

impl Connector {
    pub(super) fn new(url: &TargetUrl, tls: Option<&Tls>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self { origin: origin(scheme, url), host: url.host.clone(), tls: tls.cloned() }
    }

    /// A channel to one address. It connects on the first use, and again when the connection
    /// breaks.
    pub(super) fn channel(&self, address: SocketAddr) -> Option<Channel> {
        // The scheme is never https, because tonic's own TLS would not reload the certificates.
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .ok()?
            .origin(self.origin.clone())
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE.0)
            .keep_alive_timeout(KEEP_ALIVE.1);
        let Some(tls) = &self.tls else {
            return Some(endpoint.connect_timeout(CONNECT_TIMEOUT).connect_lazy());
        };
        let (tls, host) = (tls.clone(), self.host.clone());
        let connector = tower::service_fn(move |_: http::Uri| {
            let (tls, host) = (tls.clone(), host.clone());
            async move { connect(&tls, host, address).await.map(TokioIo::new) }
        });
        Some(endpoint.connect_with_connector_lazy(connector))
    }
}

async fn connect(tls: &Tls, host: String, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
    let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    tls.connect(host, stream).await
}

/// The `:scheme` and `:authority` of calls: the target's name, not the address.
fn origin(scheme: &str, url: &TargetUrl) -> http::Uri {
    let origin = format!("{scheme}://{}", url.authority());
    origin.parse().unwrap_or_else(|_| http::Uri::from_static("http://unnamed"))
}
