//! The accept loop and the graceful shutdown of connections.

use super::client::{Client, TrustedProxies};
use super::client_budget::ClientBudget;
use super::connection_activity::ConnectionActivity;
use super::connection_table::{ConnectionTable, Pace};
use super::connection_timeouts::ConnectionTimeouts;
use super::event_stream;
use super::message_scanner::BodyFraming;
use super::observed_io::{ObservedSocket, RequestGuards, ResponseBody};
use super::proxy_keys::X_PROXY_KEY;
use axum::Router;
use axum::extract::ConnectInfo;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

#[cfg(test)]
mod tests;

/// Maximum number of open connections: at up to 32 KiB each, what a small pod can hold. Further
/// connections wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;

/// Maximum number of concurrent HTTP/2 streams on one connection of a client. A client that needs
/// more waits; the requests that arrive at once on all connections of one client must fit into the
/// memory of a small pod.
const MAX_STREAMS: u32 = 32;

/// Maximum number of concurrent HTTP/2 streams on one connection of a trusted proxy, which belong
/// to many clients.
const MAX_PROXY_STREAMS: u32 = 256;

/// Bytes of request bodies that an HTTP/2 connection may hold before they are read: the initial
/// window, the least that the protocol allows.
const WINDOW_BYTES: u32 = 65_535;

/// Bytes of a request body that an HTTP/2 stream may hold before they are read: one frame.
const STREAM_WINDOW_BYTES: u32 = 16 * 1024;

/// Default maximum number of requests whose responses have not been written.
const MAX_REQUESTS: u64 = 1024;

/// Default maximum of the memory of responses that have not been written.
const MAX_RESPONSES_BYTES: u64 = 4 * 1024 * 1024;

/// Memory of a response apart from its body: its head and its queue.
const RESPONSE_BYTES: u64 = 2 * 1024;

/// Bytes of a response that an HTTP/2 stream buffers while the peer does not accept them.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Maximum number of headers of one request. HTTP/1 has the same limit in `hyper`.
const MAX_HEADERS: usize = 100;

/// Maximum size of the headers of one request, in bytes. Cookies and tokens fit; larger headers
/// are an attack.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Interval of HTTP/2 keep-alive pings on a silent connection, and the timeout of their reply.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// How long a timed-out peer may take to close the connection itself.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a peer may take to close a connection that another client needs.
const EVICTION_TIMEOUT: Duration = Duration::from_millis(50);

/// Delay after a failed accept (out of file descriptors), instead of a busy loop.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Settings of a server.
#[derive(Clone, Debug)]
pub(crate) struct ServerSettings {
    pub(crate) timeouts: ConnectionTimeouts,
    /// Maximum number of open connections.
    pub(crate) max_connections: usize,
    pub(crate) trusted: TrustedProxies,
    pub(crate) limits: ServerLimits,
}

/// What the requests of a server occupy at most until their responses have been written. One client
/// gets at most a quarter. Clones share the limits, so that several servers stay within them
/// together.
#[derive(Clone, Debug)]
pub struct ServerLimits {
    requests: ClientBudget,
    responses: ClientBudget,
}

impl ServerLimits {
    /// Limits the requests, and keeps the default limit of the memory of responses.
    #[must_use]
    pub fn with_max_requests(max_requests: u64) -> Self {
        Self::new(max_requests, MAX_RESPONSES_BYTES)
    }

    fn new(max_requests: u64, max_responses_bytes: u64) -> Self {
        Self {
            requests: ClientBudget::new(max_requests),
            responses: ClientBudget::new(max_responses_bytes),
        }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self::with_max_requests(MAX_REQUESTS)
    }
}

impl ServerSettings {
    /// The default timeouts and limits.
    pub(crate) fn new(trusted: TrustedProxies) -> Self {
        let timeouts = ConnectionTimeouts::DEFAULT;
        let limits = ServerLimits::default();
        Self { timeouts, max_connections: MAX_CONNECTIONS, trusted, limits }
    }
}

/// Serves until `shutdown` completes. Then closes the listener, starts the graceful shutdown of all
/// connections and waits until their requests have completed.
pub(crate) async fn serve_until(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
    settings: ServerSettings,
) {
    let ServerSettings { timeouts, max_connections, trusted, limits } = settings;
    let (for_clients, for_proxies) = (builder(MAX_STREAMS), builder(MAX_PROXY_STREAMS));
    let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
    let permits = Arc::new(Semaphore::new(max_connections));
    let table = Arc::new(ConnectionTable::default());
    let requests = RequestService { router, trusted, limits };
    let mut pace = Pace::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => match accepted {
                Some(accepted) => accepted,
                None => continue,
            },
            () = &mut shutdown => break,
        };
        let activity = ConnectionActivity::new();
        // Before the new connection is added, so that it is not the one to be closed.
        let crowding =
            table.make_room(max_connections - permits.available_permits(), max_connections);
        let client = Client::from(peer.ip());
        let is_client = !requests.trusted.contains(peer.ip());
        let entry = is_client.then(|| table.add(client, &activity));
        let start = (is_client && crowding == Some(client)).then(|| pace.next());
        let io = TokioIo::new(ObservedSocket::new(stream, &activity));
        let (requests, service_activity) = (requests.clone(), Arc::clone(&activity));
        let service = service_fn(move |request: Request<Incoming>| {
            requests.clone().respond(peer, Arc::clone(&service_activity), request)
        });
        let builder = if is_client { &for_clients } else { &for_proxies };
        let connection = builder.serve_connection_with_upgrades(io, service).into_owned();
        let closing = closing.clone();
        connections.spawn(async move {
            if let Some(start) = start {
                tokio::select! {
                    () = sleep_until(start) => {}
                    () = activity.evicted() => return,
                }
            }
            drive(connection, &activity, timeouts, closing).await;
            drop((entry, permit));
        });
    }
    drop(listener);
    closing.cancel();
    connections.close();
    connections.wait().await;
}

/// What serves the requests of all connections. Cheap to clone.
#[derive(Clone)]
struct RequestService {
    router: Router,
    trusted: TrustedProxies,
    limits: ServerLimits,
}

impl RequestService {
    async fn respond(
        self,
        peer: SocketAddr,
        activity: Arc<ConnectionActivity>,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, Infallible> {
        let framing = BodyFraming::from_headers(request.version(), request.headers());
        let in_flight = activity.begin_request(request.version(), framing);
        let mut guards = RequestGuards { in_flight, permit: None, memory: None };
        let sender = self.trusted.identify(peer.ip(), request.headers());
        if sender.has_proxy_key {
            activity.set_shared();
        }
        if request.headers().len() > MAX_HEADERS {
            let response = empty_response(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            return Ok(response.map(|body| ResponseBody::new(body, guards)));
        }
        guards.permit = self.limits.requests.try_take(sender.client, 1);
        if guards.permit.is_none() || !self.limits.responses.is_available(sender.client) {
            // The peer does not read the responses, and would collect their heads in the queue.
            if activity.is_blocked() {
                activity.evict();
            }
            return Ok(too_many_requests().map(|body| ResponseBody::new(body, guards)));
        }
        let is_read = [Method::GET, Method::HEAD].contains(request.method());
        let mut request = request.map(axum::body::Body::new);
        // No handler and no log needs it.
        request.headers_mut().remove(X_PROXY_KEY);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(sender);
        let mut response = self.router.oneshot(request).await?;
        if event_stream::has_own_limits(&response) {
            guards.permit = None;
            return Ok(response.map(|body| ResponseBody::new(body, guards)));
        }
        if response.body().is_end_stream() {
            if let Some(permit) = guards.permit.take() {
                activity.finish_without_body(permit);
            }
            return Ok(response.map(|body| ResponseBody::new(body, guards)));
        }
        let (budget, bytes) = (&self.limits.responses, response_bytes(response.body()));
        // A single response may be larger than the share: it is served while there is no other.
        let bytes = bytes.min(budget.share());
        guards.memory = budget.try_take(sender.client, bytes);
        if guards.memory.is_none() {
            if is_read {
                response = too_many_requests();
            } else {
                // The change has been made, so its response is not replaced.
                guards.memory = Some(budget.take(sender.client, bytes));
            }
        }
        Ok(response.map(|body| ResponseBody::new(body, guards)))
    }
}

/// Returns the memory of a response. A body of unknown length counts as what a stream buffers.
fn response_bytes(body: &axum::body::Body) -> u64 {
    let hint = body.size_hint();
    RESPONSE_BYTES + hint.exact().unwrap_or(hint.lower().max(MAX_SEND_BUFFER_BYTES as u64))
}

/// The response to a request above a limit. It has no body, because a client that does not read
/// would keep it.
fn too_many_requests() -> Response<axum::body::Body> {
    let mut response = empty_response(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn empty_response(status: StatusCode) -> Response<axum::body::Body> {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = status;
    response
}

/// Drives a connection until the peer closes it, its graceful shutdown completes, it times out, or
/// it is closed in favor of other clients.
async fn drive<C>(
    connection: C,
    activity: &ConnectionActivity,
    timeouts: ConnectionTimeouts,
    closing: CancellationToken,
) where
    C: GracefulConnection,
    C::Error: Display,
{
    let mut connection = pin!(connection);
    let mut shutting_down = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection failed");
                }
                return;
            }
            () = closing.cancelled(), if !shutting_down => {
                shutting_down = true;
                connection.as_mut().graceful_shutdown();
            }
            () = activity.timed_out(timeouts) => break,
            () = activity.evicted() => break,
        }
    }
    // HTTP/2 sends GOAWAY, so that the peer does not lose a request that it sends at this moment.
    connection.as_mut().graceful_shutdown();
    let grace = if activity.is_evicted() { EVICTION_TIMEOUT } else { CLOSE_TIMEOUT };
    while timeout(grace, connection.as_mut()).await.is_err() {
        // Each handler has its own deadline, and each response must make progress.
        if activity.is_evicted() || !activity.makes_progress(timeouts) {
            tracing::debug!("idle or slow connection closed");
            return;
        }
    }
}

/// Accepts the next connection, with its permit; `None` when the system refused it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "connection failed");
            }
            Some((stream, peer, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "accepting a connection failed");
            tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            None
        }
    }
}

fn builder(max_streams: u32) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper's own header timeout also runs between requests: see `connection_timeouts`.
    builder.http1().header_read_timeout(None).max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(max_streams)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .keep_alive_interval(KEEP_ALIVE.0)
        .keep_alive_timeout(KEEP_ALIVE.1);
    builder
}
