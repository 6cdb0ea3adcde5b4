//! The log lines of a request on stderr. The test runs its own executable as the serving process.

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

/// Environment variable of the serving process: the address to bind.
const LISTEN: &str = "TEST_LOG_LISTEN";
/// The test that is run as the serving process.
const SERVER_TEST: &str = "request_is_logged_once_with_id_trace_status_and_latency";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::Args,
}

/// A service that rejects every request with a message that must not be logged.
#[derive(Clone)]
struct Rejecting;

impl tonic::server::NamedService for Rejecting {
    const NAME: &'static str = "test.v1.Rejecting";
}

impl tower::Service<Request<tonic::body::Body>> for Rejecting {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<tonic::body::Body>) -> Self::Future {
        tracing::trace!("request rejected");
        ready(Ok(Status::not_found("jane@example.com").into_http()))
    }
}

fn descriptors() -> Vec<u8> {
    let method = MethodDescriptorProto { name: Some("Say".to_owned()), ..Default::default() };
    let service = ServiceDescriptorProto {
        name: Some("Rejecting".to_owned()),
        method: vec![method],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test/v1/rejecting.proto".to_owned()),
        package: Some("test.v1".to_owned()),
        service: vec![service],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// Runs the serving process.
async fn serve(listen: SocketAddr) {
    let settings = Settings::parse_from(["shop", "--admin-addr", "127.0.0.1:0"]);
    let process = Process::start("shop", &settings.args).await.expect("a started process");
    let runtime = process.runtime().component("rejecting");
    let server = Server::new(&runtime, listen).descriptors(&descriptors()).add_service(Rejecting);
    let component = async { Ok(server.serve().await?) };
    process.run(vec![Box::pin(component)]).await.expect("a graceful shutdown");
}

async fn call(address: SocketAddr) -> Response<hyper::body::Incoming> {
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    for _ in 0..300 {
        let request = Request::post(format!("http://{address}/test.v1.Rejecting/Say"))
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
    panic!("the process does not respond");
}

/// Starts the process, calls it once, terminates it, and returns its log.
async fn log_of_one_request(level: Option<&str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", SERVER_TEST, "--nocapture"]).env(LISTEN, address.to_string());
    match level {
        Some(level) => command.env("RUST_LOG", level),
        None => command.env_remove("RUST_LOG"),
    };
    let child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a started process");
    let pid = child.id().to_string();
    // The output is read while the process runs, because at the lowest level it exceeds a pipe.
    let output = tokio::task::spawn_blocking(|| child.wait_with_output());
    let response = call(address).await;
    assert_eq!(response.headers()["grpc-message"], "jane@example.com");
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let output = output.await.expect("no panic").expect("a terminated process");
    assert!(output.status.success());
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_is_logged_once_with_id_trace_status_and_latency() {
    if let Ok(listen) = std::env::var(LISTEN) {
        return serve(listen.parse().expect("an address")).await;
    }
    let log = log_of_one_request(None).await;
    let lines = lines(&log);
    let request_lines: Vec<&Value> =
        lines.iter().filter(|line| line.get("request.id").is_some()).collect();
    let [line] = request_lines[..] else { panic!("not one line per request:\n{log}") };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["component"], "rejecting");
    assert_eq!(line["rpc"], "test.v1.Rejecting/Say");
    assert_eq!(line["request.id"], "r-1");
    assert_eq!(line["trace.id"], TRACE);
    assert_eq!(line["status"], "NOT_FOUND");
    assert!(line["latency_ms"].as_f64().is_some_and(|latency| latency > 0.0));
    for private in ["jane", "secret-token"] {
        assert!(!log.contains(private), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_headers_are_never_logged() {
    let log = log_of_one_request(Some("trace")).await;
    assert!(!log.contains("secret-token"), "{log}");
    let levels: Vec<String> = lines(&log)
        .iter()
        .filter(|line| line["target"].as_str().expect("a target").starts_with('h'))
        .map(|line| line["level"].to_string())
        .collect();
    assert!(!levels.iter().any(|level| level.contains("TRACE") || level.contains("DEBUG")));
    assert!(log.contains("request rejected"), "TRACE is enabled");
}
