//! The wires between orders and the other services, which a test can have lose, repeat and refuse calls.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body as AxumBody, Bytes, to_bytes},
    extract::{Request, State},
    http::{Response, request::Parts},
};
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Status,
    body::Body,
    service::Routes,
    transport::{Channel, Server},
};
use tower::{Service as _, ServiceExt as _};

/// What happens to one call of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It reaches nobody.
    RequestLost,
    /// It acts, and nobody is told.
    ReplyLost,
    /// It acts, and at once again.
    Twice,
    /// It acts at once, and the reply comes this much later.
    Late(Duration),
    /// It reaches nobody, and is answered with this.
    Answer(Code),
}

#[derive(Clone, Default)]
struct Shared {
    /// The services, by the package in the path: `payment.v1`.
    upstream: Arc<HashMap<&'static str, Channel>>,
    faults: Arc<Mutex<HashMap<&'static str, VecDeque<Fault>>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

/// One address that stands for all services.
pub(crate) struct Wires {
    pub(crate) address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

impl Wires {
    pub(crate) async fn to(services: &[(&'static str, SocketAddr)]) -> Self {
        let channel = |address: &SocketAddr| {
            Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy()
        };
        let upstream = services.iter().map(|(name, address)| (*name, channel(address))).collect();
        let shared = Shared { upstream: Arc::new(upstream), ..Shared::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(pass).with_state(shared.clone());
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

    /// What happens to the next calls of a method, one after the other.
    pub(crate) fn fault(&self, method: &'static str, faults: &[Fault]) {
        self.shared.faults.lock().unwrap().entry(method).or_default().extend(faults);
    }

    /// No more faults.
    pub(crate) fn mend(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// How often a method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.shared.calls.lock().unwrap().iter().filter(|call| *call == method).count()
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let method = path.rsplit('/').next().unwrap().to_owned();
    shared.calls.lock().unwrap().push(method.clone());
    let fault =
        shared.faults.lock().unwrap().get_mut(method.as_str()).and_then(VecDeque::pop_front);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    let lost = || Status::unavailable("lost on the wire").into_http();
    match fault {
        None => forward(&shared, parts, body).await,
        Some(Fault::RequestLost) => lost(),
        Some(Fault::ReplyLost) => {
            forward(&shared, parts, body).await;
            lost()
        }
        Some(Fault::Twice) => {
            forward(&shared, parts.clone(), body.clone()).await;
            forward(&shared, parts, body).await
        }
        Some(Fault::Late(pause)) => {
            let answer = forward(&shared, parts, body).await;
            sleep(pause).await;
            answer
        }
        Some(Fault::Answer(code)) => Status::new(code, "by the test").into_http(),
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
    // To the end, so that a lost reply has acted.
    let (parts, body) = response.into_parts();
    let collected = http_body_util::BodyExt::collect(body).await.unwrap();
    Response::from_parts(parts, Body::new(collected))
}
