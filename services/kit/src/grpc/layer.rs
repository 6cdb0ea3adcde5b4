//! The tower layer around every RPC that is served: concurrency limits, deadline, request context,
//! panic handling and load shedding.

use super::body::{EndConditions, ServedBody};
use super::methods::{Methods, ResponseKind};
use super::served_rpc::{ServedRpc, deadline_exceeded};
use super::{deadline, status};
use crate::Runtime;
use crate::context::{self, REQUEST_ID_HEADER};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Instrument as _;

/// The retry delay that a shed RPC suggests to its caller.
const OVERLOAD_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The start of the message of prost's decode errors.
const PROST_DECODE_ERROR: &str = "failed to decode Protobuf message";

/// tonic's message for a unary call without a message: its body is empty, or the caller cancelled
/// the call after its headers.
const TONIC_MISSING_MESSAGE: &str = "Missing request message.";

/// Limits of the RPCs of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct RpcLimits {
    /// Maximum number of unary RPCs in flight.
    pub(super) in_flight: usize,
    /// Maximum number of open response streams. They are counted separately: idle streams must not
    /// keep unary RPCs from being served.
    pub(super) open_streams: usize,
    /// Longest deadline of a unary RPC.
    pub(super) deadline: Duration,
}

/// Wraps a server's routes in an [`RpcService`].
#[derive(Clone, Debug)]
pub(super) struct RpcLayer {
    runtime: Runtime,
    methods: Arc<Methods>,
    in_flight: Arc<Semaphore>,
    open_streams: Arc<Semaphore>,
    max_deadline: Duration,
    /// Cancelled when streams must end.
    closing: CancellationToken,
}

impl RpcLayer {
    pub(super) fn new(runtime: &Runtime, methods: Methods, limits: RpcLimits) -> Self {
        Self {
            runtime: runtime.clone(),
            methods: Arc::new(methods),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            open_streams: Arc::new(Semaphore::new(limits.open_streams)),
            max_deadline: limits.deadline,
            closing: CancellationToken::new(),
        }
    }

    /// The token to cancel when streams must end. Unary responses are finished.
    pub(super) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    fn start_rpc(&self, request: &Request<Body>) -> ServedRpc {
        let method = self.methods.find(request.uri().path());
        let requested = deadline::read(request.headers());
        let timeout = match method.response {
            ResponseKind::Unary => {
                Some(requested.unwrap_or(self.max_deadline).min(self.max_deadline))
            }
            ResponseKind::Stream => requested,
        };
        ServedRpc::start(&self.runtime, method, timeout, self.closing(), request.headers())
    }

    /// Takes the permit of an RPC; `None` if there are too many of its kind.
    fn try_acquire(&self, rpc: &ServedRpc) -> Option<OwnedSemaphorePermit> {
        let permits = if rpc.is_stream() { &self.open_streams } else { &self.in_flight };
        Arc::clone(permits).try_acquire_owned().ok()
    }
}

impl<S> Layer<S> for RpcLayer {
    type Service = RpcService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RpcService { inner, layer: self.clone() }
    }
}

/// A service whose RPCs are limited, logged and measured.
#[derive(Clone, Debug)]
pub(super) struct RpcService<S> {
    inner: S,
    layer: RpcLayer,
}

impl<S> Service<Request<Body>> for RpcService<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<ServedBody>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let rpc = self.layer.start_rpc(&request);
        let Some(permit) = self.layer.try_acquire(&rpc) else {
            let shed = status_response(rpc, status::unavailable(OVERLOAD_RETRY_AFTER));
            return Box::pin(async { Ok(shed) });
        };
        let span = rpc.span.clone();
        // The call itself is in scope too: a handler may start its work before it is first polled.
        let handler =
            span.in_scope(|| context::sync_scope(rpc.context.clone(), || self.inner.call(request)));
        Box::pin(respond(rpc, handler, permit).instrument(span))
    }
}

/// Waits for the handler until the deadline and turns its outcome into a response.
async fn respond<F, E>(
    rpc: ServedRpc,
    handler: F,
    permit: OwnedSemaphorePermit,
) -> Result<Response<ServedBody>, E>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    let handler = context::scope(rpc.context.clone(), handler);
    let handler = AssertUnwindSafe(handler).catch_unwind();
    let outcome = match rpc.context.deadline {
        Some(deadline) => timeout_at(deadline, handler).await,
        None => Ok(handler.await),
    };
    match outcome {
        Ok(Ok(response)) => Ok(served_response(rpc, response?, Some(permit))),
        // The panic hook has logged it.
        Ok(Err(_panic)) => Ok(status_response(rpc, Status::internal("internal error"))),
        Err(_elapsed) => Ok(status_response(rpc, deadline_exceeded())),
    }
}

fn status_response(rpc: ServedRpc, status: Status) -> Response<ServedBody> {
    served_response(rpc, status.into_http(), None)
}

fn served_response(
    rpc: ServedRpc,
    response: Response<Body>,
    permit: Option<OwnedSemaphorePermit>,
) -> Response<ServedBody> {
    let is_invalid = has_invalid_message(&response);
    let mut response = if is_invalid { invalid_message() } else { response };
    response.headers_mut().insert(REQUEST_ID_HEADER, rpc.context.request_id.header());
    // An error without a message is in the headers only. Other responses end with trailers.
    let code = Status::from_header_map(response.headers()).map(|status| status.code());
    let end = EndConditions::new(rpc, code, permit);
    response.map(|body| ServedBody::new(body, end))
}

/// Whether this is tonic's response to a request without a message, or with one that does not
/// decode as the RPC's message type. tonic reports both as INTERNAL, with texts that no handler
/// uses.
fn has_invalid_message(response: &Response<Body>) -> bool {
    Status::from_header_map(response.headers()).is_some_and(|status| {
        let text = status.message();
        let is_invalid =
            text.starts_with(PROST_DECODE_ERROR) || text.starts_with(TONIC_MISSING_MESSAGE);
        status.code() == Code::Internal && is_invalid
    })
}

/// The response to a request without a valid message: a mistake of the caller.
fn invalid_message() -> Response<Body> {
    Status::invalid_argument("the request is not a message of this RPC").into_http()
}
