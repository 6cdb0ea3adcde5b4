//! Listening sockets of the services and the operator: dual stack on machines with IPv6, IPv4 on
//! others.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Maximum number of connections that wait to be accepted: the value of tokio.
const BACKLOG: i32 = 1024;

/// Binds an address. `[::]` accepts connections over IPv6 and IPv4, whatever `net.ipv6.bindv6only`
/// is; on a machine without IPv6 it means `0.0.0.0`.
///
/// # Errors
/// When the address cannot be bound.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
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

/// Opens a listener on `[::]` that also accepts IPv4; `None` on a machine without IPv6.
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

    async fn connects(listener: &TcpListener, host: IpAddr) -> bool {
        let port = listener.local_addr().unwrap().port();
        TcpStream::connect((host, port)).await.is_ok()
    }

    #[tokio::test]
    async fn unspecified_ipv6_address_accepts_both_families() {
        let listener = bind(ANY).await.unwrap();
        assert!(connects(&listener, Ipv4Addr::LOCALHOST.into()).await);
        // A machine without IPv6 has no such address.
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.is_ok() {
            assert!(connects(&listener, Ipv6Addr::LOCALHOST.into()).await);
        }
    }

    #[tokio::test]
    async fn machine_without_ipv6_listens_on_ipv4() {
        let listener = bind_with(ANY, |_| Ok(None)).await.unwrap();
        assert_eq!(listener.local_addr().unwrap().ip(), Ipv4Addr::UNSPECIFIED);
        assert!(connects(&listener, Ipv4Addr::LOCALHOST.into()).await);
    }

    #[tokio::test]
    async fn occupied_port_is_an_error_instead_of_a_fallback() {
        let first = bind(ANY).await.unwrap();
        let address = SocketAddr::new(ANY.ip(), first.local_addr().unwrap().port());
        let error = bind(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
