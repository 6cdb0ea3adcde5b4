//! How long a connection may keep its place without asking for anything.
//!
//! A place is worth something: there are only so many. Neither `hyper` nor `hyper-util` watches over
//! all of it: nothing bounds a peer that has not said yet which version it speaks, nor an HTTP/2 peer
//! that opens no stream, and of HTTP/1 the pause between two requests and a head that does not come
//! to its end share one bound. So the socket and the service tell an [`Activity`] what happens, and
//! whoever drives the connection asks it when patience ends.

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

/// How long is waited for a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the first one, and for the end of a head of which something has come.
    pub(crate) head: Duration,
    /// For the next one to begin.
    pub(crate) idle: Duration,
}

impl Patience {
    /// A head is one packet or a few. Between requests more is needed than proxies take, which is
    /// 60 s for most: whoever closes first must not be the side that receives requests, or one that
    /// is on its way is lost.
    pub(crate) const USUAL: Self =
        Self { head: Duration::from_secs(10), idle: Duration::from_secs(75) };
}

/// What a connection is doing, and since when.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests whose answers have not been given to the end.
    under_way: usize,
    waiting_for: Awaited,
    since: Instant,
    /// Of HTTP/2 the bytes between requests say nothing: pings are answered all the time.
    framed: bool,
}

/// What a connection without requests under way has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    FirstRequest,
    NextRequest,
    RestOfHead,
}

impl Activity {
    /// Of a connection that was made just now.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            under_way: 0,
            waiting_for: Awaited::FirstRequest,
            since: Instant::now(),
            framed: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has come; it is under way while the guard lives.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> UnderWay {
        let mut state = self.state();
        state.under_way += 1;
        state.framed = version == Version::HTTP_2;
        drop(state);
        UnderWay(Arc::clone(self))
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.state().under_way > 0
    }

    /// Some bytes have come.
    fn heard(&self) {
        let mut state = self.state();
        if state.under_way == 0 && !state.framed && state.waiting_for == Awaited::NextRequest {
            (state.waiting_for, state.since) = (Awaited::RestOfHead, Instant::now());
        }
    }

    /// When patience ends, as things are; never while a request is under way.
    fn deadline(&self, patience: Patience) -> Option<Instant> {
        let state = self.state();
        let bound = match state.waiting_for {
            Awaited::FirstRequest | Awaited::RestOfHead => patience.head,
            Awaited::NextRequest => patience.idle,
        };
        (state.under_way == 0).then(|| state.since + bound)
    }

    /// Ends when patience has ended. It looks now and then instead of being told of every change, so
    /// that it may be late by the shorter bound.
    pub(super) async fn overdue(&self, patience: Patience) {
        loop {
            let (now, deadline) = (Instant::now(), self.deadline(patience));
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            let look = now + patience.head;
            sleep_until(deadline.map_or(look, |deadline| deadline.min(look))).await;
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        (state.waiting_for, state.since) = (Awaited::NextRequest, Instant::now());
    }
}

/// The body of an answer: the request is under way until it is gone.
pub(super) struct AnswerBody {
    inner: axum::body::Body,
    _under_way: UnderWay,
}

impl AnswerBody {
    pub(super) fn new(inner: axum::body::Body, under_way: UnderWay) -> Self {
        Self { inner, _under_way: under_way }
    }
}

impl Body for AnswerBody {
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

/// A socket that tells when something has come.
pub(super) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, activity: &Arc<Activity>) -> Self {
        Self { stream, activity: Arc::clone(activity) }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.as_mut().stream().poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.heard();
        }
        polled
    }
}

impl AsyncWrite for Socket {
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
