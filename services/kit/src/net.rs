//! Listening sockets of components, with a log line for each.

use crate::Error;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Opens the listener of `component` for `protocol`, and logs its address.
///
/// `[::]` accepts connections over IPv6 and IPv4, see [`listener::bind`].
///
/// # Errors
/// When the address cannot be bound.
pub async fn listen(
    component: &'static str,
    protocol: &'static str,
    address: SocketAddr,
) -> Result<TcpListener, Error> {
    let error = |source| Error::Listen { what: protocol, address, source };
    let listener = listener::bind(address).await.map_err(error)?;
    let bound = listener.local_addr().map_err(error)?;
    let open_to = if bound.ip().is_loopback() { "this machine" } else { "the network" };
    tracing::info!(component, protocol, address = %bound, open_to, "listening");
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::net::{IpAddr, Ipv6Addr};

    const ANY: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

    #[tokio::test]
    async fn occupied_port_is_reported_with_its_cause() {
        let first = listen("test", "HTTP", ANY).await.expect("a listener");
        let address = SocketAddr::new(ANY.ip(), first.local_addr().expect("an address").port());
        let error = listen("test", "HTTP", address).await.expect_err("the port is in use");
        let Error::Listen { source, .. } = error else { panic!("{error}") };
        assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
    }
}
