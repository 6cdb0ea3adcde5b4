//! The accept loop.

use super::patience::{Activity, AnswerBody, Patience, Socket};
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

/// Connections at a time; at about 10 KiB each that is what a small pod can hold. More wait in the
/// kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// HTTP/2 streams at a time on one connection.
const MAX_STREAMS: u32 = 128;

/// Headers of one request, in bytes. Cookies and tokens fit; more is an attack.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Silence after which an HTTP/2 peer is asked whether it is there, and how long it may think.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// How long a peer that has lost its place may take to leave by itself.
const FAREWELL: Duration = Duration::from_secs(1);

/// Pause after the system refuses a connection (out of files), instead of spinning on it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `end`, then closes the listener, tells clients to go and waits for their requests.
pub(crate) async fn serve_until(
    listener: TcpListener,
    router: Router,
    end: impl Future<Output = ()>,
    patience: Patience,
) {
    let builder = Arc::new(builder());
    let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut end = pin!(end);
    loop {
        let (stream, peer, slot) = tokio::select! {
            accepted = accept(&listener, &slots) => match accepted {
                Some(accepted) => accepted,
                None => continue,
            },
            () = &mut end => break,
        };
        let activity = Activity::new();
        let io = TokioIo::new(Socket::new(stream, &activity));
        let (router, of_service) = (router.clone(), Arc::clone(&activity));
        let service = service_fn(move |request: Request<Incoming>| {
            answer(router.clone(), peer, Arc::clone(&of_service), request)
        });
        let connection = builder.serve_connection_with_upgrades(io, service).into_owned();
        let closing = closing.clone();
        connections.spawn(async move {
            drive(connection, &activity, patience, closing).await;
            drop(slot);
        });
    }
    drop(listener);
    closing.cancel();
    connections.close();
    connections.wait().await;
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    activity: Arc<Activity>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let under_way = activity.begin(request.version());
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| AnswerBody::new(body, under_way)))
}

/// Lets the connection live until it ends by itself, until it has been told to go and has finished
/// its requests, or until patience with it ends.
async fn drive<C>(
    connection: C,
    activity: &Activity,
    patience: Patience,
    closing: CancellationToken,
) where
    C: GracefulConnection,
    C::Error: Display,
{
    let mut connection = pin!(connection);
    let mut told = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                }
                return;
            }
            () = closing.cancelled(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = activity.overdue(patience) => break,
        }
    }
    // An HTTP/2 peer is told, so that it loses no request that it sends at this moment.
    connection.as_mut().graceful_shutdown();
    while timeout(FAREWELL, connection.as_mut()).await.is_err() {
        // Its requests have deadlines of their own.
        if !activity.is_busy() {
            tracing::debug!("a silent connection was dropped");
            return;
        }
    }
}

/// The next connection and its slot; `None` when the system refused it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed.
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection broke");
            }
            Some((stream, peer, slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Its own timeout for heads runs also while nothing is asked for: see `patience`.
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
