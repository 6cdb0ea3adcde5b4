//! The body of an answer, watched to its end: that is when an RPC is over.

use super::call::{Call, late};
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
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

/// One frame of a body, or why there is none.
type Polled = Result<Frame<Bytes>, Status>;

/// How and when an answer ends.
pub(super) struct Ending {
    call: Call,
    /// Known beforehand when the headers told it.
    code: Option<Code>,
    deadline: Option<Pin<Box<Sleep>>>,
    closing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Given back when the body is gone.
    _slot: Option<OwnedSemaphorePermit>,
}

impl Ending {
    pub(super) fn new(
        call: Call,
        code: Option<Code>,
        closing: Option<WaitForCancellationFutureOwned>,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let deadline = call.context.deadline.map(|at| Box::pin(sleep_until(at)));
        Self { call, code, deadline, closing: closing.map(Box::pin), _slot: slot }
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.deadline.as_mut();
        deadline.is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }

    fn is_closing(&mut self, context: &mut Context<'_>) -> bool {
        let closing = self.closing.as_mut();
        closing.is_some_and(|closing| closing.as_mut().poll(context).is_ready())
    }
}

/// The body of an answer; tells its [`Call`] how it ended. A panic in it becomes INTERNAL.
pub(super) struct ServedBody {
    inner: Body,
    ending: Ending,
    over: bool,
}

impl ServedBody {
    pub(super) fn new(inner: Body, ending: Ending) -> Self {
        Self { inner, ending, over: false }
    }

    /// Ends the body with the status as its trailers.
    fn end(&mut self, status: &Status) -> Poll<Option<Polled>> {
        self.over = true;
        self.inner = Body::empty();
        self.ending.call.record(status.code());
        let mut trailers = HeaderMap::new();
        match status.add_header(&mut trailers) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(unwritable) => Poll::Ready(Some(Err(unwritable))),
        }
    }

    fn poll_inner(
        &mut self,
        context: &mut Context<'_>,
    ) -> std::thread::Result<Poll<Option<Polled>>> {
        let call = &self.ending.call;
        let (span, request) = (call.span.clone(), call.context.clone());
        let inner = Pin::new(&mut self.inner);
        let poll = || context::sync_scope(request, || inner.poll_frame(context));
        span.in_scope(|| catch_unwind(AssertUnwindSafe(poll)))
    }
}

impl http_body::Body for ServedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Polled>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        // First, so that a stream that always has more ends too.
        if this.ending.is_late(context) {
            return this.end(&late());
        }
        let frame = match this.poll_inner(context) {
            // The panic hook has logged it.
            Err(_panic) => return this.end(&Status::internal("internal error")),
            // Only then, so that the last thing a stream has to say is said.
            Ok(Poll::Pending) if this.ending.is_closing(context) => {
                return this.end(&Status::unavailable("this server is going away"));
            }
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(frame)) => frame,
        };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(status) = frame.trailers_ref().and_then(Status::from_header_map) {
                    this.ending.call.record(status.code());
                }
            }
            Some(Err(status)) => this.ending.call.record(status.code()),
            None => this.ending.call.record(this.ending.code.unwrap_or(Code::Unknown)),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ServedBody {
    fn drop(&mut self) {
        // Headers that told the end are never followed by a poll.
        if let Some(code) = self.ending.code {
            self.ending.call.record(code);
        }
    }
}
