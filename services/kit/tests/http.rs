//! The HTTP server through a real port.

#![cfg(test)]

use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Extension, Router};
use kit::http::{
    ObserveConfig, ProxyKeys, Sender, TrustedProxies, X_PROXY_KEY, catch_panics_and_timeouts,
    observe,
};
use kit::{Runtime, context};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

struct TestServer {
    address: SocketAddr,
    runtime: Runtime,
    served: JoinHandle<()>,
}

impl TestServer {
    async fn start() -> Self {
        let runtime = Runtime::for_tests().component("gateway");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/products/{id}", get(async || "a product"))
            .route("/panic", get(async || -> &'static str { panic!("secret text") }))
            .route("/slow", get(slow))
            .route("/hang", get(async || std::future::pending::<String>().await))
            .route("/id", get(request_id))
            .fallback(async || (axum::http::StatusCode::NOT_FOUND, "nothing"));
        let deadline = Duration::from_secs(1);
        let router = observe(
            catch_panics_and_timeouts(router),
            ObserveConfig { runtime: runtime.clone(), deadline },
        );
        let server_runtime = runtime.clone();
        let served = tokio::spawn(async move {
            kit::http::serve(listener, router, &server_runtime, TrustedProxies::default()).await
        });
        Self { address, runtime, served }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        reqwest::get(self.url(path)).await.expect("a response")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn request_id() -> String {
    context::request_id().map(|id| id.to_string()).unwrap_or_default()
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(400)).await;
    "slow"
}

#[tokio::test]
async fn requests_are_counted_by_route_template() {
    let server = TestServer::start().await;
    for path in ["/products/1", "/products/2?q=x", "/nowhere/1", "/nowhere/2"] {
        server.get(path).await;
    }
    let text = server.runtime.metrics().text();
    let counted = |route: &str, status: u16, count: u8| {
        let labels = format!("method=\"GET\",route=\"{route}\",status=\"{status}\"");
        text.contains(&format!(
            "http_server_requests_total{{component=\"gateway\",{labels}}} {count}\n"
        ))
    };
    assert!(counted("/products/{id}", 200, 2), "{text}");
    assert!(counted("unmatched", 404, 2), "{text}");
    assert!(!text.contains("nowhere") && !text.contains("products/1"), "{text}");
    assert!(text.contains("http_server_in_flight{component=\"gateway\"} 0\n"), "{text}");
}

#[tokio::test]
async fn request_id_is_accepted_or_generated_and_returned() {
    let server = TestServer::start().await;
    let client = reqwest::Client::new();
    let send = async |id: &str| {
        let request = client.get(server.url("/id")).header("x-request-id", id);
        let response = request.send().await.expect("a response");
        let returned = response.headers()["x-request-id"].to_str().expect("ASCII").to_owned();
        assert_eq!(response.text().await.expect("a body"), returned);
        returned
    };
    assert_eq!(send("r.1-A_b").await, "r.1-A_b");
    assert_eq!(send("with space").await.len(), 36);
    assert_eq!(send(&"x".repeat(129)).await.len(), 36);
}

async fn sender(Extension(sender): Extension<Sender>, headers: HeaderMap) -> String {
    format!("{}, key: {}", sender.client, headers.contains_key(X_PROXY_KEY))
}

#[tokio::test]
async fn proxy_key_is_hidden_from_handlers() {
    let (key, other) = ("k".repeat(32), "o".repeat(32));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &key).expect("written");
    let runtime = Runtime::for_tests().component("gateway");
    let keys = ProxyKeys::watch(file.path(), &runtime).expect("a key");
    let trusted = TrustedProxies::default().with_keys(Some(keys));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/", get(sender));
    tokio::spawn(async move { kit::http::serve(listener, router, &runtime, trusted).await });
    for (sent, seen) in [(key, "198.51.100.1, key: false"), (other, "127.0.0.1, key: false")] {
        let request = reqwest::Client::new().get(&url).header(X_PROXY_KEY, sent);
        let request = request.header("x-forwarded-for", "198.51.100.1");
        let response = request.send().await.expect("a response");
        assert_eq!(response.text().await.expect("a body"), seen);
    }
}

#[tokio::test]
async fn panic_is_an_internal_problem_without_details() {
    let server = TestServer::start().await;
    let response = server.get("/panic").await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let request_id = response.headers()["x-request-id"].to_str().expect("ASCII").to_owned();
    let problem: Value = response.json().await.expect("JSON");
    assert_eq!(problem["code"], "internal");
    assert_eq!(problem["request_id"], request_id);
    assert!(!problem.to_string().contains("secret"));
    assert_eq!(server.get("/products/1").await.status(), 200);
}

#[tokio::test]
async fn request_past_its_deadline_is_504() {
    let server = TestServer::start().await;
    let response = server.get("/hang").await;
    assert_eq!(response.status(), 504);
    assert_eq!(response.headers()["retry-after"], "1");
    let problem: Value = response.json().await.expect("JSON");
    assert_eq!(problem["code"], "deadline_exceeded");
}

/// `hyper` rejects these before the router gets a request, with a status and no body. This is
/// documented.
#[tokio::test]
async fn malformed_http_is_rejected_with_a_bare_status() {
    let server = TestServer::start().await;
    let too_many = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    for (request, status) in [
        ("no request at all\r\n\r\n", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nno header\r\n\r\n", "HTTP/1.1 400 "),
        (&too_many, "HTTP/1.1 431 "),
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut response = Vec::new();
        // A reset may follow, because the server has not read all bytes.
        drop(stream.read_to_end(&mut response).await);
        let response = String::from_utf8(response).expect("UTF-8");
        assert!(response.starts_with(status) && response.ends_with("\r\n\r\n"), "{response:?}");
    }
}

#[tokio::test]
async fn http2_without_tls_is_supported() {
    let server = TestServer::start().await;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .http2_only(true)
        .build_http::<http_body_util::Empty<axum::body::Bytes>>();
    let uri = server.url("/products/1").parse().expect("an address");
    let response = client.get(uri).await.expect("a response");
    assert_eq!((response.version(), response.status().as_u16()), (http::Version::HTTP_2, 200));
}

#[tokio::test]
async fn drain_completes_requests_and_closes_idle_connections() {
    let server = TestServer::start().await;
    let mut silent = TcpStream::connect(server.address).await.expect("a connection");
    let mut idle = TcpStream::connect(server.address).await.expect("a connection");
    idle.write_all(b"GET /products/1 HTTP/1.1\r\nhost: shop\r\n\r\n").await.expect("sent");
    let mut some = [0; 16];
    idle.read_exact(&mut some).await.expect("a response");
    let slow = tokio::spawn(reqwest::get(server.url("/slow")));
    tokio::time::sleep(Duration::from_millis(150)).await;

    server.runtime.drain();
    let ended = tokio::time::timeout(Duration::from_secs(3), server.served).await;
    ended.expect("a prompt drain").expect("no panic");
    let response = slow.await.expect("no panic").expect("a response");
    assert_eq!(response.text().await.expect("a body"), "slow");
    for stream in [&mut silent, &mut idle] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("a closed connection");
    }
    assert!(TcpStream::connect(server.address).await.is_err(), "new connections are refused");
}

#[tokio::test]
async fn client_that_disconnects_is_counted_as_499() {
    let server = TestServer::start().await;
    let client = reqwest::Client::builder().timeout(Duration::from_millis(100)).build();
    let result = client.expect("a client").get(server.url("/hang")).send().await;
    assert!(result.is_err());
    let counted = "route=\"/hang\",status=\"499\"} 1\n";
    for _ in 0..100 {
        if server.runtime.metrics().text().contains(counted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", server.runtime.metrics().text());
}
