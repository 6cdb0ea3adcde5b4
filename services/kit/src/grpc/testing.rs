//! A real gRPC service for the tests of this module, without generated code: `test.v1.Echo`, whose
//! behavior depends on the request text.

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

/// The message of requests and responses.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Text {
    #[prost(string, tag = "1")]
    pub(super) text: String,
}

pub(super) fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

/// The number of handler calls.
#[derive(Debug, Default)]
pub(super) struct HandlerCalls {
    started: AtomicUsize,
    completed: AtomicUsize,
}

/// The service. It responds with its name, unless the text selects another behavior.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    name: &'static str,
    calls: Arc<HandlerCalls>,
}

impl Echo {
    async fn say(self, request: tonic::Request<Text>) -> Result<tonic::Response<Text>, Status> {
        self.calls.started.fetch_add(1, Ordering::SeqCst);
        let response = match request.get_ref().text.as_str() {
            "panic" => panic!("requested"),
            "sleep" => {
                sleep(Duration::from_millis(300)).await;
                self.name.to_owned()
            }
            "hang" => std::future::pending().await,
            "much" => "x".repeat(8 * 1024 * 1024),
            "too much" => "x".repeat(MAX_RESPONSE_BYTES),
            "fail" => return Err(Status::not_found("requested")),
            "actor" => context::origin().actor().map(|id| id.to_string()).unwrap_or_default(),
            "request id" => context::request_id().map(|id| id.to_string()).unwrap_or_default(),
            "timeout" => {
                let left = context::deadline().map(|at| at - tokio::time::Instant::now());
                left.map(|left| left.as_millis().to_string()).unwrap_or_default()
            }
            _ => self.name.to_owned(),
        };
        self.calls.completed.fetch_add(1, Ordering::SeqCst);
        Ok(tonic::Response::new(text(&response)))
    }

    async fn watch(self, request: tonic::Request<Text>) -> Result<tonic::Response<Texts>, Status> {
        self.calls.started.fetch_add(1, Ordering::SeqCst);
        let first = stream::iter([Ok(text(self.name)), Ok(text(self.name))]);
        let texts = match request.into_inner().text.as_str() {
            "panic" => first.chain(stream::poll_fn(|_| panic!("requested"))).boxed(),
            "endless" => first.chain(stream::pending()).boxed(),
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

/// The descriptors that a compiler would have generated for the service.
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

/// A server with a separate tokio runtime, so that it can be killed like a process.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) runtime: Runtime,
    calls: Arc<HandlerCalls>,
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

    /// Starts a server in a process whose runtime `prepare` has changed.
    pub(super) fn with_runtime(
        name: &'static str,
        prepare: impl FnOnce(Runtime) -> Runtime,
    ) -> Self {
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
        let calls = Arc::new(HandlerCalls::default());
        let echo = Echo { name, calls: Arc::clone(&calls) };
        let entered = threads.enter();
        let runtime = prepare(Runtime::new("echo", Env::system()));
        drop(entered);
        let server_runtime = runtime.clone();
        let served = threads.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            let server = Server::from_listener(&server_runtime, listener)
                .descriptors(&descriptors())
                .add_service(echo);
            configure(server).serve().await
        });
        Self { address, runtime, calls, threads: Some(threads), served: Some(served) }
    }

    /// Ends the server at once, as SIGKILL would, and breaks its connections.
    pub(super) fn kill(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }

    /// Shuts the server down gracefully and waits until it has ended.
    pub(super) async fn drain(&mut self) {
        self.runtime.drain();
        let served = self.served.take().expect("a running server");
        let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
        ended.expect("the drain is in time").expect("no panic").expect("no error");
        self.kill();
    }

    pub(super) fn started_calls(&self) -> usize {
        self.calls.started.load(Ordering::SeqCst)
    }

    pub(super) fn completed_calls(&self) -> usize {
        self.calls.completed.load(Ordering::SeqCst)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The target `echo`, with the RPCs that are reads.
pub(super) fn target(reads: &'static [&'static str]) -> ClientTarget {
    let url = "http://echo.invalid:1".parse().expect("an address");
    ClientTarget::new("echo", url).reads(reads).streams(&["Watch"])
}

/// Calls `Say` and returns the response with its metadata.
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

/// Calls `Say` and returns the text of the response.
pub(super) async fn say(channel: &Channel, message: &str) -> Result<String, Status> {
    let response = say_response(channel, tonic::Request::new(text(message))).await?;
    Ok(response.into_inner().text)
}

/// Calls `Watch` and returns the stream.
pub(super) async fn watch(
    channel: &Channel,
    message: &str,
) -> Result<tonic::Streaming<Text>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await?;
    let path = PathAndQuery::from_static("/test.v1.Echo/Watch");
    let request = tonic::Request::new(text(message));
    let codec = ProstCodec::<Text, Text>::default();
    Ok(grpc.server_streaming(request, path, codec).await?.into_inner())
}

/// Waits at most 5 s until the condition is true.
pub(super) async fn eventually(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the condition did not become true within 5 s");
}
