//! A proxy between the order service and the other services that injects faults into calls.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as AxumBody, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::{Channel, Server};
use tonic::{Code, Status};
use tower::{Service as _, ServiceExt as _};

/// A fault of one call of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request is lost before the service.
    RequestLost,
    /// The call takes effect and the reply is lost.
    ReplyLost,
    /// The call is delivered twice.
    Duplicate,
    /// The call takes effect at once and the reply is delayed.
    Delay(Duration),
    /// The request is lost, and the reply has this code.
    RespondWith(Code),
}

#[derive(Clone, Default)]
struct Shared {
    /// The services by the first part of the package in the path: `payment` in `payment.v1`.
    upstream: Arc<HashMap<&'static str, Channel>>,
    faults: Arc<Mutex<HashMap<&'static str, VecDeque<Fault>>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

/// A proxy that serves all services on one address.
pub(crate) struct FaultProxy {
    pub(crate) address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

impl FaultProxy {
    pub(crate) async fn start(services: &[(&'static str, SocketAddr)]) -> Self {
        let channel = |address: &SocketAddr| {
            Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy()
        };
        let upstream = services.iter().map(|(name, address)| (*name, channel(address))).collect();
        let shared = Shared { upstream: Arc::new(upstream), ..Shared::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(handle).with_state(shared.clone());
        let server = tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            Server::builder()
                .add_routes(Routes::from(router))
                .serve_with_incoming(incoming)
                .await
                .unwrap();
        });
        Self { address, shared, server }
    }

    /// Injects faults into the next calls of a method, one after the other.
    pub(crate) fn inject(&self, method: &'static str, faults: &[Fault]) {
        self.shared.faults.lock().unwrap().entry(method).or_default().extend(faults);
    }

    /// Removes all pending faults.
    pub(crate) fn clear_faults(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// Returns how often a method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.shared.calls.lock().unwrap().iter().filter(|call| *call == method).count()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn handle(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let method = path.rsplit('/').next().unwrap().to_owned();
    shared.calls.lock().unwrap().push(method.clone());
    let fault =
        shared.faults.lock().unwrap().get_mut(method.as_str()).and_then(VecDeque::pop_front);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    let lost = || Status::unavailable("lost by the proxy").into_http();
    match fault {
        None => forward(&shared, parts, body).await,
        Some(Fault::RequestLost) => lost(),
        Some(Fault::ReplyLost) => {
            forward(&shared, parts, body).await;
            lost()
        }
        Some(Fault::Duplicate) => {
            forward(&shared, parts.clone(), body.clone()).await;
            forward(&shared, parts, body).await
        }
        Some(Fault::Delay(delay)) => {
            let response = forward(&shared, parts, body).await;
            sleep(delay).await;
            response
        }
        Some(Fault::RespondWith(code)) => Status::new(code, "injected by the test").into_http(),
    }
}

async fn forward(shared: &Shared, parts: Parts, body: Bytes) -> Response<Body> {
    let path = parts.uri.path().to_owned();
    let upstream = shared.upstream.iter().find(|(name, _)| path.starts_with(&format!("/{name}.")));
    let (_, channel) = upstream.expect("a known service");
    let mut channel = channel.clone();
    let request = Request::from_parts(parts, Body::new(AxumBody::from(body)));
    let unreachable = || Status::unavailable("unreachable").into_http();
    let Ok(ready) = channel.ready().await else { return unreachable() };
    let Ok(response) = ready.call(request).await else { return unreachable() };
    // Read the whole body, so that a call whose reply is lost has taken effect.
    let (parts, body) = response.into_parts();
    let collected = http_body_util::BodyExt::collect(body).await.unwrap();
    Response::from_parts(parts, Body::new(collected))
}
