//! The listening socket of the operator's HTTP server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Maximum number of connections that wait to be accepted: the value of tokio.
const BACKLOG: i32 = 1024;

/// Binds an address. `[::]` accepts connections over IPv6 and IPv4, whatever `net.ipv6.bindv6only`
/// is; on a node without IPv6 it means `0.0.0.0`.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    bind_with(address, open_dual_stack).await
}

async fn bind_with(
    address: SocketAddr,
    open_dual_stack: impl FnOnce(SocketAddr) -> io::Result<Option<TcpListener>>,
) -> io::Result<TcpListener> {
    if address.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        return TcpListener::bind(address).await;
    }
    match open_dual_stack(address)? {
        Some(listener) => Ok(listener),
        None => TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await,
    }
}

/// Opens a listener on `[::]` that also accepts IPv4; `None` on a node without IPv6.
fn open_dual_stack(address: SocketAddr) -> io::Result<Option<TcpListener>> {
    // If the reason is not a missing IPv6, the IPv4 socket fails for the same reason.
    let Ok(socket) = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)) else {
        return Ok(None);
    };
    socket.set_only_v6(false)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    match socket.bind(&address.into()) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return Ok(None),
        bound => bound?,
    }
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into()).map(Some)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    const ANY: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

    #[tokio::test]
    async fn unspecified_ipv6_address_accepts_both_families() {
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let listener = bind(ANY).await.unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port(&listener))).await.unwrap();
        // A node without IPv6 has no such address.
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, port(&listener))).await.unwrap();
        }
    }

    #[tokio::test]
    async fn node_without_ipv6_listens_on_ipv4() {
        let listener = bind_with(ANY, |_| Ok(None)).await.unwrap();
        assert_eq!(listener.local_addr().unwrap().ip(), Ipv4Addr::UNSPECIFIED);
    }
}
