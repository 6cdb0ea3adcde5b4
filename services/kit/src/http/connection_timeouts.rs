//! How long a connection may stay open without sending a request.
//!
//! The number of connections is limited, so an idle or slow client (slowloris) must not keep one.
//! The timeouts of `hyper` and `hyper-util` do not cover every phase: they do not limit a peer that
//! has not yet sent the bytes that select the HTTP version, nor an HTTP/2 peer that opens no
//! stream. HTTP/1 has one timeout for both the pause between two requests and an incomplete head.
//! Therefore the socket and the service report to a [`ConnectionActivity`], and the task that
//! drives the connection waits for its timeout.

use axum::body::Bytes;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// The longest times that a connection may wait for a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionTimeouts {
    /// For the first request, and for the rest of a head that has begun to arrive.
    pub(crate) header_read: Duration,
    /// For the next request to begin.
    pub(crate) keep_alive: Duration,
}

impl ConnectionTimeouts {
    /// A head is one packet or a few. The keep-alive timeout is longer than that of most proxies
    /// (60 s): if the server closed first, a request that is in transit would be lost.
    pub(crate) const DEFAULT: Self =
        Self { header_read: Duration::from_secs(10), keep_alive: Duration::from_secs(75) };
}

/// The state of a connection, and since when it has been in it.
#[derive(Debug)]
pub(super) struct ConnectionActivity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests whose responses have not been sent completely.
    in_flight: usize,
    phase: ConnectionPhase,
    phase_started: Instant,
    /// Whether the connection speaks HTTP/2, where bytes that arrive between requests may belong to
    /// a ping instead of a request.
    http2: bool,
}

/// Event that a connection without requests in flight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionPhase {
    FirstRequest,
    NextRequest,
    RestOfHead,
}

impl ConnectionActivity {
    /// The state of a new connection.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            in_flight: 0,
            phase: ConnectionPhase::FirstRequest,
            phase_started: Instant::now(),
            http2: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a request has arrived. It is in flight until the guard is dropped.
    pub(super) fn begin_request(self: &Arc<Self>, version: Version) -> InFlightGuard {
        let mut state = self.state();
        state.in_flight += 1;
        state.http2 = version == Version::HTTP_2;
        drop(state);
        InFlightGuard(Arc::clone(self))
    }

    /// Whether a request is in flight.
    pub(super) fn is_busy(&self) -> bool {
        self.state().in_flight > 0
    }

    /// Records that bytes have arrived.
    fn bytes_received(&self) {
        let mut state = self.state();
        if state.in_flight == 0 && !state.http2 && state.phase == ConnectionPhase::NextRequest {
            (state.phase, state.phase_started) = (ConnectionPhase::RestOfHead, Instant::now());
        }
    }

    /// When the current phase times out; `None` while a request is in flight.
    fn deadline(&self, timeouts: ConnectionTimeouts) -> Option<Instant> {
        let state = self.state();
        let timeout = match state.phase {
            ConnectionPhase::FirstRequest | ConnectionPhase::RestOfHead => timeouts.header_read,
            ConnectionPhase::NextRequest => timeouts.keep_alive,
        };
        (state.in_flight == 0).then(|| state.phase_started + timeout)
    }

    /// Waits until the connection has timed out. It polls the state instead of being notified of
    /// each change, so it may be late by the header read timeout.
    pub(super) async fn timed_out(&self, timeouts: ConnectionTimeouts) {
        loop {
            let (now, deadline) = (Instant::now(), self.deadline(timeouts));
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            let next_check = now + timeouts.header_read;
            sleep_until(deadline.map_or(next_check, |deadline| deadline.min(next_check))).await;
        }
    }
}

/// Keeps a request in flight until it is dropped.
#[derive(Debug)]
pub(super) struct InFlightGuard(Arc<ConnectionActivity>);

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        (state.phase, state.phase_started) = (ConnectionPhase::NextRequest, Instant::now());
    }
}

/// A response body that keeps its request in flight until it is dropped.
pub(super) struct ResponseBody {
    inner: axum::body::Body,
    _in_flight: InFlightGuard,
}

impl ResponseBody {
    pub(super) fn new(inner: axum::body::Body, in_flight: InFlightGuard) -> Self {
        Self { inner, _in_flight: in_flight }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A socket that reports received bytes to its [`ConnectionActivity`].
pub(super) struct ObservedSocket {
    stream: TcpStream,
    activity: Arc<ConnectionActivity>,
}

impl ObservedSocket {
    pub(super) fn new(stream: TcpStream, activity: &Arc<ConnectionActivity>) -> Self {
        Self { stream, activity: Arc::clone(activity) }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl AsyncRead for ObservedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.as_mut().stream().poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.bytes_received();
        }
        polled
    }
}

impl AsyncWrite for ObservedSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
