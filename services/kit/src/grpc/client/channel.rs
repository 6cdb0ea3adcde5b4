//! The channel that generated clients are built on.

use super::call::Call;
use super::discovery::Discovered;
use super::target::ClientTarget;
use crate::Runtime;
use futures::future::BoxFuture;
use http::{Request, Response};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tower::Service;

/// Calls one service, wherever its pods are. Cheap to clone; give it to a generated client:
/// `CatalogServiceClient::new(channel)`.
///
/// Requests are of one message, which is kept for a second try; client streams are not supported.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

/// What all clones and their calls share.
pub(super) struct Shared {
    pub(super) target: ClientTarget,
    pub(super) runtime: Runtime,
    pub(super) discovered: Discovered,
    turn: AtomicUsize,
}

impl Shared {
    /// Counts up, for addresses to take turns.
    pub(super) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

impl Channel {
    /// Begins to look for the target's addresses. Nothing is connected before the first call.
    #[must_use]
    pub fn connect(target: &ClientTarget, runtime: &Runtime) -> Self {
        Self::with(target, Discovered::start(target, runtime), runtime)
    }

    fn with(target: &ClientTarget, discovered: Discovered, runtime: &Runtime) -> Self {
        let (target, runtime) = (target.clone(), runtime.clone());
        Self(Arc::new(Shared { target, runtime, discovered, turn: AtomicUsize::new(0) }))
    }

    /// Calls the addresses given instead of looking for them.
    #[cfg(test)]
    pub(in crate::grpc) fn to(
        addresses: &[std::net::SocketAddr],
        target: &ClientTarget,
        runtime: &Runtime,
    ) -> Self {
        Self::with(target, Discovered::given(addresses, target, runtime), runtime)
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = Call::begin(Arc::clone(&self.0), &request);
        Box::pin(call.run(request))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.0.target.name).finish()
    }
}
