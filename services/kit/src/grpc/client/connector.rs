//! How the addresses of a target are connected to.

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

/// Longest time to connect. An address of a pod that is gone may swallow packets.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the other side is asked whether it is there while calls wait, and how long it may
/// think.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(2));

/// Connects to the addresses of one target, over TLS where the process has it.
#[derive(Debug)]
pub(super) struct Dial {
    origin: http::Uri,
    host: String,
    tls: Option<Tls>,
}

impl Dial {
    pub(super) fn new(url: &TargetUrl, tls: Option<&Tls>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self { origin: origin(scheme, url), host: url.host.clone(), tls: tls.cloned() }
    }

    /// A channel to one address, which connects when it is first used, and again when that breaks.
    pub(super) fn channel(&self, address: SocketAddr) -> Option<Channel> {
        // Never https here: the TLS that tonic would do itself keeps the certificates it began with.
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

/// What calls carry as `:scheme` and `:authority`: the name, not the address.
fn origin(scheme: &str, url: &TargetUrl) -> http::Uri {
    let origin = format!("{scheme}://{}", url.authority());
    origin.parse().unwrap_or_else(|_| http::Uri::from_static("http://unnamed"))
}
