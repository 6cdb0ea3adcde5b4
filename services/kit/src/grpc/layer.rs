//! What surrounds every RPC that is served.

use super::body::{Ending, ServedBody};
use super::methods::{Answers, Methods};
use super::{code_name, deadline, status};
use crate::Runtime;
use crate::context::{self, Context as RequestContext, REQUEST_ID_HEADER, RequestId};
use crate::metrics::{ComponentLabels, RpcLabels, ServedLabels};
use crate::telemetry::propagation;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

/// When too many RPCs run, callers are told to come back after this time.
const OVERLOAD_PAUSE: Duration = Duration::from_secs(1);

/// How the message of prost's decode errors begins.
const PROST_DECODE_ERROR: &str = "failed to decode Protobuf message";

/// Makes [`Calls`] of a server's routes.
#[derive(Clone, Debug)]
pub(super) struct CallLayer {
    runtime: Runtime,
    methods: Arc<Methods>,
    slots: Arc<Semaphore>,
    max_deadline: Duration,
    /// Cancelled when streams must end.
    closing: CancellationToken,
}

impl CallLayer {
    pub(super) fn new(
        runtime: &Runtime,
        methods: Methods,
        max_in_flight: usize,
        max_deadline: Duration,
    ) -> Self {
        Self {
            runtime: runtime.clone(),
            methods: Arc::new(methods),
            slots: Arc::new(Semaphore::new(max_in_flight)),
            max_deadline,
            closing: CancellationToken::new(),
        }
    }

    /// To be cancelled when streams must end; other answers are waited for.
    pub(super) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }
}

impl<S> Layer<S> for CallLayer {
    type Service = Calls<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Calls { inner, layer: self.clone() }
    }
}

/// A service whose calls are bounded, logged and measured.
#[derive(Clone, Debug)]
pub(super) struct Calls<S> {
    inner: S,
    layer: CallLayer,
}

impl<S> Service<Request<Body>> for Calls<S>
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
        let call = Call::begin(&self.layer, &request);
        let Ok(slot) = Arc::clone(&self.layer.slots).try_acquire_owned() else {
            let refused = call.answer_status(status::unavailable(OVERLOAD_PAUSE), None);
            return Box::pin(async { Ok(refused) });
        };
        let span = call.span.clone();
        // Called within the scope too: a handler may begin its work before it is first polled.
        let answer = span
            .in_scope(|| context::sync_scope(call.context.clone(), || self.inner.call(request)));
        Box::pin(call.answer(answer, slot).instrument(span))
    }
}

/// One RPC in progress. However it ends — answered, cut, left by its caller — it is told once.
pub(super) struct Call {
    pub(super) span: Span,
    pub(super) context: RequestContext,
    /// For a stream: when it must end.
    closing: Option<CancellationToken>,
    runtime: Runtime,
    rpc: String,
    began: Instant,
    recorded: bool,
}

impl Call {
    fn begin(layer: &CallLayer, request: &Request<Body>) -> Self {
        let began = Instant::now();
        let rpc = layer.methods.of(request.uri().path());
        let asked = deadline::read(request.headers());
        let allowed = match rpc.answers {
            Answers::Once => Some(asked.unwrap_or(layer.max_deadline).min(layer.max_deadline)),
            Answers::Stream => asked,
        };
        let request_id = RequestId::from_headers(request.headers(), &layer.runtime.env);
        let span = span(&layer.runtime, &rpc.name, &request_id);
        propagation::adopt(&span, request.headers());

        let component = layer.runtime.name();
        let families = layer.runtime.families();
        families.grpc_in_flight.get_or_create(&ComponentLabels { component }).inc();
        // A deadline so far off that the clock cannot tell it is none.
        let deadline = allowed.and_then(|allowed| began.checked_add(allowed));
        Self {
            span,
            context: RequestContext { request_id, deadline },
            closing: (rpc.answers == Answers::Stream).then(|| layer.closing()),
            runtime: layer.runtime.clone(),
            rpc: rpc.name,
            began,
            recorded: false,
        }
    }

    async fn answer<F, E>(
        self,
        answer: F,
        slot: OwnedSemaphorePermit,
    ) -> Result<Response<ServedBody>, E>
    where
        F: Future<Output = Result<Response<Body>, E>>,
    {
        let answer = context::scope(self.context.clone(), answer);
        let answer = AssertUnwindSafe(answer).catch_unwind();
        let outcome = match self.context.deadline {
            Some(deadline) => timeout_at(deadline, answer).await,
            None => Ok(answer.await),
        };
        match outcome {
            Ok(Ok(response)) => Ok(self.answer_response(response?, Some(slot))),
            // The panic hook has logged it.
            Ok(Err(_panic)) => Ok(self.answer_status(Status::internal("internal error"), None)),
            Err(_elapsed) => Ok(self.answer_status(late(), None)),
        }
    }

    fn answer_status(
        self,
        status: Status,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Response<ServedBody> {
        self.answer_response(status.into_http(), slot)
    }

    fn answer_response(
        self,
        response: Response<Body>,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Response<ServedBody> {
        let mut response = if is_unreadable(&response) { unreadable() } else { response };
        let request_id = self.context.request_id.header();
        response.headers_mut().insert(REQUEST_ID_HEADER, request_id);
        // An error without a message is all in the headers; other answers end with trailers.
        let code = Status::from_header_map(response.headers()).map(|status| status.code());
        let closing = self.closing.clone().map(CancellationToken::cancelled_owned);
        let ending = Ending::new(self, code, closing, slot);
        response.map(|body| ServedBody::new(body, ending))
    }

    /// Tells how it ended: metrics, and the one log line.
    pub(super) fn record(&mut self, code: Code) {
        if std::mem::replace(&mut self.recorded, true) {
            return;
        }
        let latency = self.began.elapsed();
        let component = self.runtime.name();
        let families = self.runtime.families();
        families.grpc_in_flight.get_or_create(&ComponentLabels { component }).dec();
        let labels = RpcLabels { component, rpc: self.rpc.clone() };
        families.grpc_durations.get_or_create(&labels).observe(latency.as_secs_f64());
        let name = code_name(code);
        let labels = ServedLabels { component, rpc: self.rpc.clone(), code: name };
        families.grpc_requests.get_or_create(&labels).inc();

        let latency_ms = latency.as_micros() as f64 / 1000.0;
        let _entered = self.span.enter();
        match code {
            Code::Internal | Code::Unknown | Code::DataLoss => {
                tracing::error!(status = name, latency_ms, "rpc");
            }
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
                tracing::warn!(status = name, latency_ms, "rpc");
            }
            // Probes ask every few seconds.
            _ if self.rpc.starts_with("grpc.") => {
                tracing::debug!(status = name, latency_ms, "rpc");
            }
            _ => tracing::info!(status = name, latency_ms, "rpc"),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.record(Code::Cancelled);
    }
}

/// Whether this is how tonic answers a request that is no message of its type. It calls that INTERNAL,
/// in words of prost's; no handler of ours says these.
fn is_unreadable(response: &Response<Body>) -> bool {
    Status::from_header_map(response.headers()).is_some_and(|status| {
        status.code() == Code::Internal && status.message().starts_with(PROST_DECODE_ERROR)
    })
}

/// What its caller is told, whose mistake it is.
fn unreadable() -> Response<Body> {
    Status::invalid_argument("the request is not a message of this RPC").into_http()
}

/// What a caller is told whose time is over.
pub(super) fn late() -> Status {
    Status::deadline_exceeded("the answer took too long")
}

/// At the level of errors, so that no log filter takes the request's fields from its lines.
fn span(runtime: &Runtime, rpc: &str, request_id: &RequestId) -> Span {
    tracing::error_span!(
        "rpc",
        component = runtime.name(),
        rpc,
        request.id = %request_id,
        trace.id = tracing::field::Empty,
        otel.name = rpc,
        otel.kind = "server",
    )
}
