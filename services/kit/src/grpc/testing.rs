//! A real gRPC service for the tests of this module, without generated code: `test.v1.Echo` answers
//! what it is told to.

use crate::grpc::Server;
use crate::grpc::client::{Channel, ClientTarget, MAX_RESPONSE_BYTES};
use crate::{Env, Runtime, context};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::{Request, Response};
use prost::Message as _;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;
use tower::service_fn;

/// The one message, in both directions.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Text {
    #[prost(string, tag = "1")]
    pub(super) text: String,
}

pub(super) fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

/// What the service has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Requests that reached a handler.
    pub(super) began: AtomicUsize,
    /// Handlers that came to their end.
    pub(super) ended: AtomicUsize,
}

/// The service. It answers with its name, unless the text says something else to do.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    name: &'static str,
    seen: Arc<Seen>,
}

impl Echo {
    async fn say(self, request: tonic::Request<Text>) -> Result<tonic::Response<Text>, Status> {
        self.seen.began.fetch_add(1, Ordering::SeqCst);
        let answer = match request.get_ref().text.as_str() {
            "panic" => panic!("asked to"),
            "sleep" => {
                sleep(Duration::from_millis(300)).await;
                self.name.to_owned()
            }
            "hang" => std::future::pending().await,
            "much" => "x".repeat(8 * 1024 * 1024),
            "too much" => "x".repeat(MAX_RESPONSE_BYTES),
            "fail" => return Err(Status::not_found("asked to")),
            "request id" => context::request_id().map(|id| id.to_string()).unwrap_or_default(),
            "timeout" => {
                let left = context::deadline().map(|at| at - tokio::time::Instant::now());
                left.map(|left| left.as_millis().to_string()).unwrap_or_default()
            }
            _ => self.name.to_owned(),
        };
        self.seen.ended.fetch_add(1, Ordering::SeqCst);
        Ok(tonic::Response::new(text(&answer)))
    }

    async fn watch(self, request: tonic::Request<Text>) -> Result<tonic::Response<Texts>, Status> {
        self.seen.began.fetch_add(1, Ordering::SeqCst);
        let first = stream::iter([Ok(text(self.name)), Ok(text(self.name))]);
        let texts = match request.into_inner().text.as_str() {
            "panic" => first.chain(stream::poll_fn(|_| panic!("asked to"))).boxed(),
            "for ever" => first.chain(stream::pending()).boxed(),
            _ => first.boxed(),
        };
        Ok(tonic::Response::new(texts))
    }
}

type Texts = BoxStream<'static, Result<Text, Status>>;

impl tonic::server::NamedService for Echo {
    const NAME: &'static str = "test.v1.Echo";
}

impl tower::Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let echo = self.clone();
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<Text, Text>::default());
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/test.v1.Echo/Say" => {
                    grpc.unary(service_fn(|request| echo.clone().say(request)), request).await
                }
                "/test.v1.Echo/Watch" => {
                    let watch = service_fn(|request| echo.clone().watch(request));
                    grpc.server_streaming(watch, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// What a compiler would have written of the service.
pub(super) fn descriptors() -> Vec<u8> {
    let method = |name: &str, stream| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".test.v1.Text".to_owned()),
        output_type: Some(".test.v1.Text".to_owned()),
        server_streaming: Some(stream),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Echo".to_owned()),
        method: vec![method("Say", false), method("Watch", true)],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("test/v1/echo.proto".to_owned()),
        package: Some("test.v1".to_owned()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// A server that runs on threads of its own, so that it can be killed like a process.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) runtime: Runtime,
    pub(super) seen: Arc<Seen>,
    threads: Option<tokio::runtime::Runtime>,
    served: Option<tokio::task::JoinHandle<Result<(), crate::Error>>>,
}

impl TestServer {
    pub(super) fn start(name: &'static str) -> Self {
        Self::configured(name, |server| server)
    }

    pub(super) fn configured(
        name: &'static str,
        configure: impl FnOnce(Server) -> Server + Send + 'static,
    ) -> Self {
        Self::launch(name, |runtime| runtime, configure)
    }

    /// In a process to which something was given before.
    pub(super) fn prepared(name: &'static str, prepare: impl FnOnce(Runtime) -> Runtime) -> Self {
        Self::launch(name, prepare, |server| server)
    }

    fn launch(
        name: &'static str,
        prepare: impl FnOnce(Runtime) -> Runtime,
        configure: impl FnOnce(Server) -> Server + Send + 'static,
    ) -> Self {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let echo = Echo { name, seen: Arc::clone(&seen) };
        let within = threads.enter();
        let runtime = prepare(Runtime::new("echo", Env::system()));
        drop(within);
        let of_server = runtime.clone();
        let served = threads.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            let server = Server::from_listener(&of_server, listener)
                .descriptors(&descriptors())
                .add_service(echo);
            configure(server).serve().await
        });
        Self { address, runtime, seen, threads: Some(threads), served: Some(served) }
    }

    /// Ends it at once, as SIGKILL would: connections break wherever they are.
    pub(super) fn kill(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }

    /// Ends it in order; returns when it has ended.
    pub(super) async fn drain(&mut self) {
        self.runtime.drain();
        let served = self.served.take().expect("drained once");
        let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
        ended.expect("it drains in time").expect("it does not panic").expect("it serves");
        self.kill();
    }

    pub(super) fn began(&self) -> usize {
        self.seen.began.load(Ordering::SeqCst)
    }

    pub(super) fn ended(&self) -> usize {
        self.seen.ended.load(Ordering::SeqCst)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The target `echo`, of which `Say` may be tried again or not.
pub(super) fn target(reads: &'static [&'static str]) -> ClientTarget {
    let url = "http://echo.invalid:1".parse().expect("an address");
    ClientTarget::new("echo", url).reads(reads).streams(&["Watch"])
}

/// Says `words`; the answer and its metadata.
pub(super) async fn say_response(
    channel: &Channel,
    request: tonic::Request<Text>,
) -> Result<tonic::Response<Text>, Status> {
    let grpc = tonic::client::Grpc::new(channel.clone());
    let mut grpc = grpc.max_decoding_message_size(MAX_RESPONSE_BYTES);
    grpc.ready().await?;
    let path = PathAndQuery::from_static("/test.v1.Echo/Say");
    grpc.unary(request, path, ProstCodec::<Text, Text>::default()).await
}

/// Says `words`; the text of the answer.
pub(super) async fn say(channel: &Channel, words: &str) -> Result<String, Status> {
    let response = say_response(channel, tonic::Request::new(text(words))).await?;
    Ok(response.into_inner().text)
}

/// Opens a stream.
pub(super) async fn watch(
    channel: &Channel,
    words: &str,
) -> Result<tonic::Streaming<Text>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await?;
    let path = PathAndQuery::from_static("/test.v1.Echo/Watch");
    let request = tonic::Request::new(text(words));
    let codec = ProstCodec::<Text, Text>::default();
    Ok(grpc.server_streaming(request, path, codec).await?.into_inner())
}

/// Waits, within a bound, until `what` is true.
pub(super) async fn eventually(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not become true within 5 s");
}
