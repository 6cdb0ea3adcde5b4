//! A response body that is observed to its end, because that is when an RPC ends.

use super::served_rpc::{ServedRpc, deadline_exceeded};
use crate::context;
use axum::body::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use std::future::Future as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::{Code, Status};

/// One frame of a body, or the status with which it fails.
type FrameResult = Result<Frame<Bytes>, Status>;

/// The conditions that end a response, and the RPC whose outcome they decide.
pub(super) struct EndConditions {
    rpc: ServedRpc,
    /// Known in advance when the status is in the headers.
    code: Option<Code>,
    deadline: Option<Pin<Box<Sleep>>>,
    closing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Released when the body is dropped.
    _permit: Option<OwnedSemaphorePermit>,
}

impl EndConditions {
    pub(super) fn new(
        rpc: ServedRpc,
        code: Option<Code>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let deadline = rpc.context.deadline.map(|at| Box::pin(sleep_until(at)));
        let closing = rpc.closing.clone().map(CancellationToken::cancelled_owned).map(Box::pin);
        Self { rpc, code, deadline, closing, _permit: permit }
    }

    fn deadline_passed(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.deadline.as_mut();
        deadline.is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }

    fn is_closing(&mut self, context: &mut Context<'_>) -> bool {
        let closing = self.closing.as_mut();
        closing.is_some_and(|closing| closing.as_mut().poll(context).is_ready())
    }
}

/// A response body that records the outcome of its [`ServedRpc`]. A panic in it becomes INTERNAL.
pub(super) struct ServedBody {
    inner: Body,
    end: EndConditions,
    ended: bool,
}

impl ServedBody {
    pub(super) fn new(inner: Body, end: EndConditions) -> Self {
        Self { inner, end, ended: false }
    }

    /// Ends the body with the status as its trailers.
    fn end_with(&mut self, status: &Status) -> Poll<Option<FrameResult>> {
        self.ended = true;
        self.inner = Body::empty();
        self.end.rpc.record(status.code());
        let mut trailers = HeaderMap::new();
        match status.add_header(&mut trailers) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(invalid) => Poll::Ready(Some(Err(invalid))),
        }
    }

    fn poll_inner(
        &mut self,
        context: &mut Context<'_>,
    ) -> std::thread::Result<Poll<Option<FrameResult>>> {
        let rpc = &self.end.rpc;
        let (span, request) = (rpc.span.clone(), rpc.context.clone());
        let inner = Pin::new(&mut self.inner);
        let poll = || context::sync_scope(request, || inner.poll_frame(context));
        span.in_scope(|| catch_unwind(AssertUnwindSafe(poll)))
    }
}

impl http_body::Body for ServedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<FrameResult>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        // Checked first, so that a stream that always has another message ends too.
        if this.end.deadline_passed(context) {
            return this.end_with(&deadline_exceeded());
        }
        let frame = match this.poll_inner(context) {
            // The panic hook has logged it.
            Err(_panic) => return this.end_with(&Status::internal("internal error")),
            // Checked after the poll, so that the last message of a stream is sent.
            Ok(Poll::Pending) if this.end.is_closing(context) => {
                return this.end_with(&Status::unavailable("the server is shutting down"));
            }
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(frame)) => frame,
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(status) = frame.trailers_ref().and_then(Status::from_header_map) {
                    this.end.rpc.record(status.code());
                }
            }
            Some(Err(status)) => this.end.rpc.record(status.code()),
            None => this.end.rpc.record(this.end.code.unwrap_or(Code::Unknown)),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ServedBody {
    fn drop(&mut self) {
        // A response whose headers contain the status is never polled.
        if let Some(code) = self.end.code {
            self.end.rpc.record(code);
        }
    }
}
