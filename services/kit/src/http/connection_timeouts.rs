//! How long a connection may wait for its peer.
//!
//! The number of connections is limited, so an idle or slow client (slowloris) must not keep one.
//! The timeouts of `hyper` and `hyper-util` do not cover every phase: they do not limit a peer that
//! has not yet sent the bytes that select the HTTP version, an HTTP/2 peer that opens no stream, or
//! a peer that does not read. HTTP/1 has one timeout for both the pause between two requests and an
//! incomplete head. Therefore the socket and the service report to a
//! [`super::connection_activity::ConnectionActivity`], and the task that drives the connection
//! waits for its timeout.

use std::time::Duration;

/// The longest times that a connection may wait for its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionTimeouts {
    /// For the first request, and for the rest of a head that has begun to arrive.
    pub(crate) header_read: Duration,
    /// For the next request to begin.
    pub(crate) keep_alive: Duration,
    /// For the peer to accept the next part of a response.
    pub(crate) response_progress: Duration,
}

impl ConnectionTimeouts {
    /// A head is one packet or a few. The keep-alive timeout is longer than that of most proxies
    /// (60 s): if the server closed first, a request that is in transit would be lost. A network
    /// that transports nothing for 15 s is broken.
    pub(crate) const DEFAULT: Self = Self {
        header_read: Duration::from_secs(10),
        keep_alive: Duration::from_secs(75),
        response_progress: Duration::from_secs(15),
    };
}
