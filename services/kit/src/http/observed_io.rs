//! The socket and the response bodies of a connection, which report to its
//! [`ConnectionActivity`].

use super::connection_activity::{ConnectionActivity, InFlightGuard};
use super::request_limiter::RequestPermit;
use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A response body that keeps its request in flight until it is dropped.
pub(super) struct ResponseBody {
    inner: axum::body::Body,
    in_flight: InFlightGuard,
    _permit: Option<RequestPermit>,
}

impl ResponseBody {
    pub(super) fn new(
        inner: axum::body::Body,
        mut in_flight: InFlightGuard,
        permit: Option<RequestPermit>,
    ) -> Self {
        in_flight.begin_response();
        Self { inner, in_flight, _permit: permit }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        self.in_flight.response_polled(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
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
        if buffer.filled().len() > before {
            self.activity.bytes_received();
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
