//! The accept loop and the graceful shutdown of connections.

use super::connection_timeouts::{
    ConnectionActivity, ConnectionTimeouts, ObservedSocket, ResponseBody,
};
use axum::Router;
use axum::extract::ConnectInfo;
use http::{Request, Response};
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
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

#[cfg(test)]
mod tests;

/// Maximum number of open connections: at about 10 KiB each, what a small pod can hold. Further
/// connections wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// Maximum number of concurrent HTTP/2 streams on one connection.
const MAX_STREAMS: u32 = 128;

/// Maximum size of the headers of one request, in bytes. Cookies and tokens fit; larger headers
/// are an attack.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Interval of HTTP/2 keep-alive pings on a silent connection, and the timeout of their reply.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// How long a timed-out peer may take to close the connection itself.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Delay after a failed accept (out of file descriptors), instead of a busy loop.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Serves until `shutdown` completes. Then closes the listener, starts the graceful shutdown of all
/// connections and waits until their requests have completed.
pub(crate) async fn serve_until(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
    timeouts: ConnectionTimeouts,
) {
    let builder = Arc::new(builder());
    let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
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
        let io = TokioIo::new(ObservedSocket::new(stream, &activity));
        let (router, service_activity) = (router.clone(), Arc::clone(&activity));
        let service = service_fn(move |request: Request<Incoming>| {
            respond(router.clone(), peer, Arc::clone(&service_activity), request)
        });
        let connection = builder.serve_connection_with_upgrades(io, service).into_owned();
        let closing = closing.clone();
        connections.spawn(async move {
            drive(connection, &activity, timeouts, closing).await;
            drop(permit);
        });
    }
    drop(listener);
    closing.cancel();
    connections.close();
    connections.wait().await;
}

async fn respond(
    router: Router,
    peer: SocketAddr,
    activity: Arc<ConnectionActivity>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let in_flight = activity.begin_request(request.version());
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| ResponseBody::new(body, in_flight)))
}

/// Drives a connection until the peer closes it, its graceful shutdown completes, or it times out.
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
        }
    }
    // HTTP/2 sends GOAWAY, so that the peer does not lose a request that it sends at this moment.
    connection.as_mut().graceful_shutdown();
    while timeout(CLOSE_TIMEOUT, connection.as_mut()).await.is_err() {
        // Each request in flight has its own deadline.
        if !activity.is_busy() {
            tracing::debug!("idle connection closed");
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

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper's own header timeout also runs between requests: see `connection_timeouts`.
    builder.http1().header_read_timeout(None).max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .keep_alive_interval(KEEP_ALIVE.0)
        .keep_alive_timeout(KEEP_ALIVE.1);
    builder
}
