//! What a process writes to stderr about a request. The test runs itself as that process.

#![cfg(test)]

use axum::body::{Body, Bytes};
use clap::Parser;
use futures::future::{Ready, ready};
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kit::Process;
use kit::grpc::Server;
use prost::Message as _;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use serde_json::Value;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::task::{Context, Poll};
use std::time::Duration;
use tonic::Status;

/// Set in the process that serves: where it listens.
const LISTEN: &str = "TEST_LOG_LISTEN";
/// The test that is that process.
const THE_PROCESS: &str = "a_request_is_one_line_with_its_id_trace_status_and_latency";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::Args,
}

/// Refuses everything with a text that is nobody else's business.
#[derive(Clone)]
struct Refusing;

impl tonic::server::NamedService for Refusing {
    const NAME: &'static str = "test.v1.Refusing";
}

impl tower::Service<Request<tonic::body::Body>> for Refusing {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<tonic::body::Body>) -> Self::Future {
        tracing::trace!("refuses");
        ready(Ok(Status::not_found("jane@example.com").into_http()))
    }
}

fn descriptors() -> Vec<u8> {
    let method = MethodDescriptorProto { name: Some("Say".to_owned()), ..Default::default() };
    let service = ServiceDescriptorProto {
        name: Some("Refusing".to_owned()),
        method: vec![method],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test/v1/refusing.proto".to_owned()),
        package: Some("test.v1".to_owned()),
        service: vec![service],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// What the child does: a process as any other.
async fn serve(listen: SocketAddr) {
    let settings = Settings::parse_from(["shop", "--admin-addr", "127.0.0.1:0"]);
    let process = Process::start("shop", &settings.args).await.expect("it starts");
    let runtime = process.runtime().component("refusing");
    let server = Server::new(&runtime, listen).descriptors(&descriptors()).add_service(Refusing);
    let component = async { Ok(server.serve().await?) };
    process.run(vec![Box::pin(component)]).await.expect("it ends in order");
}

async fn ask(address: SocketAddr) -> Response<hyper::body::Incoming> {
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    for _ in 0..300 {
        let request = Request::post(format!("http://{address}/test.v1.Refusing/Say"))
            .header("content-type", "application/grpc")
            .header("authorization", "Bearer secret-token")
            .header("x-request-id", "r-1")
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
            .body(Full::from(&b"\0\0\0\0\0"[..]))
            .expect("a request");
        if let Ok(response) = client.request(request).await {
            return response;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the process does not answer");
}

/// Runs the process, asks it once, ends it; what it wrote.
async fn log_of_one_request(level: Option<&str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", THE_PROCESS, "--nocapture"]).env(LISTEN, address.to_string());
    match level {
        Some(level) => command.env("RUST_LOG", level),
        None => command.env_remove("RUST_LOG"),
    };
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let pid = child.id().to_string();
    // What it writes is read while it runs, for at the lowest level it is more than a pipe holds.
    let output = tokio::task::spawn_blocking(|| child.wait_with_output());
    let response = ask(address).await;
    assert_eq!(response.headers()["grpc-message"], "jane@example.com");
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let output = output.await.expect("no panic").expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_one_line_with_its_id_trace_status_and_latency() {
    if let Ok(listen) = std::env::var(LISTEN) {
        return serve(listen.parse().expect("an address")).await;
    }
    let log = log_of_one_request(None).await;
    let lines = lines(&log);
    let of_request: Vec<&Value> =
        lines.iter().filter(|line| line.get("request.id").is_some()).collect();
    let [line] = of_request[..] else { panic!("one line a request:\n{log}") };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["component"], "refusing");
    assert_eq!(line["rpc"], "test.v1.Refusing/Say");
    assert_eq!(line["request.id"], "r-1");
    assert_eq!(line["trace.id"], TRACE);
    assert_eq!(line["status"], "NOT_FOUND");
    assert!(line["latency_ms"].as_f64().is_some_and(|latency| latency > 0.0));
    for private in ["jane", "secret-token"] {
        assert!(!log.contains(private), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_level_shows_the_headers_of_a_request() {
    let log = log_of_one_request(Some("trace")).await;
    assert!(!log.contains("secret-token"), "{log}");
    let levels: Vec<String> = lines(&log)
        .iter()
        .filter(|line| line["target"].as_str().expect("a target").starts_with('h'))
        .map(|line| line["level"].to_string())
        .collect();
    assert!(!levels.iter().any(|level| level.contains("TRACE") || level.contains("DEBUG")));
    assert!(log.contains("refuses"), "it was the lowest level");
}
