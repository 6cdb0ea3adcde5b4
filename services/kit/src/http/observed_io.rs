//! The socket and the response bodies of a connection, which report to its
//! [`ConnectionActivity`].

use super::client_budget::BudgetGuard;
use super::connection_activity::{ConnectionActivity, InFlightGuard};
use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Buf;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a request occupies until its response has been written.
pub(super) struct RequestGuards {
    pub(super) in_flight: InFlightGuard,
    /// The part of the budget of requests; `None` if the request was refused.
    pub(super) permit: Option<BudgetGuard>,
    /// The memory of the response.
    pub(super) memory: Option<BudgetGuard>,
}

/// A response body. Its request is in flight until the socket has accepted the last part: HTTP/2
/// queues parts for a peer without window, and drops the body long before they are written.
pub(super) struct ResponseBody {
    inner: axum::body::Body,
    guards: Arc<RequestGuards>,
}

impl ResponseBody {
    pub(super) fn new(inner: axum::body::Body, mut guards: RequestGuards) -> Self {
        guards.in_flight.begin_response();
        Self { inner, guards: Arc::new(guards) }
    }
}

impl Body for ResponseBody {
    type Data = ResponsePart;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<ResponsePart>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        let part_bytes = match &polled {
            Poll::Pending => None,
            Poll::Ready(Some(Ok(frame))) => Some(frame.data_ref().map_or(0, Bytes::len)),
            Poll::Ready(_) => Some(0),
        };
        self.guards.in_flight.response_polled(part_bytes);
        let guards = &self.guards;
        let part = |bytes| ResponsePart { bytes, guards: Arc::clone(guards) };
        polled.map_ok(|frame| frame.map_data(part))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A part of a response body that reports when the socket accepts its bytes.
pub(super) struct ResponsePart {
    bytes: Bytes,
    guards: Arc<RequestGuards>,
}

impl Buf for ResponsePart {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.guards.in_flight.response_written(count);
    }
}

/// A socket that reports received and sent bytes to its [`ConnectionActivity`].
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

    fn report_write(
        &self,
        polled: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        match &polled {
            Poll::Ready(Ok(accepted)) => self.activity.bytes_written(Some(*accepted), offered),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.bytes_written(None, offered),
        }
        polled
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
        if let Some(bytes) = buffer.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            self.activity.bytes_received(bytes);
        }
        polled
    }
}

impl AsyncWrite for ObservedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = self.as_mut().stream().poll_write(context, bytes);
        self.report_write(polled, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        let polled = self.as_mut().stream().poll_write_vectored(context, slices);
        self.report_write(polled, offered)
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
