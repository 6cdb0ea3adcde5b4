//! Ports that stay free.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which a system gives ports to whoever calls: a port of a server that is away stays
/// free until it is back.
const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;

/// Another one each time in this process, so that what was given is not given again before it is used.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random()));

/// A port of loopback on which nobody listens.
#[must_use]
pub fn free_port() -> u16 {
    let mut ports = (0..COUNT).map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.find(is_free).unwrap()
}

/// An address of this machine on which nobody listens.
#[must_use]
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}
