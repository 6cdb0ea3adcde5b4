//! The channel that generated clients are built on.

use super::call::Call;
use super::discovery::Discovery;
use super::state::ChannelState;
use super::target::ClientTarget;
use crate::Runtime;
use futures::future::BoxFuture;
use http::{Request, Response};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tower::Service;

/// A load-balanced channel to all pods of one service. Cheap to clone. Pass it to a generated
/// client: `CatalogServiceClient::new(channel)`.
///
/// A request is a single message, which is buffered for a retry; client streams are not supported.
#[derive(Clone)]
pub struct Channel(Arc<ChannelState>);

impl Channel {
    /// Starts the discovery of the target's addresses. Connects on the first call.
    #[must_use]
    pub fn connect(target: &ClientTarget, runtime: &Runtime) -> Self {
        let discovery = Discovery::start(target, runtime);
        Self(Arc::new(ChannelState::new(target, discovery, runtime)))
    }

    /// A channel to the given addresses, without discovery.
    #[cfg(test)]
    pub(in crate::grpc) fn to_addresses(
        addresses: &[std::net::SocketAddr],
        target: &ClientTarget,
        runtime: &Runtime,
    ) -> Self {
        let discovery = Discovery::fixed(addresses, target, runtime);
        Self(Arc::new(ChannelState::new(target, discovery, runtime)))
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
        let call = Call::start(Arc::clone(&self.0), &request);
        Box::pin(call.run(request))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.0.target.name).finish()
    }
}
