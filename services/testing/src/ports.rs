//! Ports without a listener, outside of the ephemeral port range.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ephemeral port range, so that the port of a stopped server stays free until its
/// restart.
const FIRST: u16 = 10_000;
const COUNT: u16 = 10_000;

/// Counts up in this process, so that a port is not returned again before it is used.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random()));

/// Returns a loopback port without a listener.
#[must_use]
pub fn free_port() -> u16 {
    let mut ports = (0..COUNT).map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.find(is_free).unwrap()
}

/// Returns a loopback address without a listener.
#[must_use]
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}
