//! Trace export, including the flush at the end of the process. A separate test file, because
//! telemetry is set up once per process.

#![cfg(test)]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use clap::Parser;
use kit::Process;
use kit::http::{ObserveConfig, TrustedProxies, observe};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::Args,
}

type Received = Arc<Mutex<Vec<u8>>>;

/// A collector that stores the raw request bodies, in which names and ids are readable.
async fn collect(State(received): State<Received>, body: Bytes) -> Response {
    received.lock().expect("no panic").extend_from_slice(&body);
    let empty_message = Body::from(vec![0; 5]);
    Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "0")
        .body(empty_message)
        .expect("a response")
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_span_is_exported_before_the_process_ends() {
    let received = Received::default();
    let (listener, collector) = listen().await;
    let router = Router::new().fallback(collect).with_state(Arc::clone(&received));
    let collector_runtime = kit::Runtime::for_tests();
    tokio::spawn(async move {
        kit::http::serve(listener, router, &collector_runtime, TrustedProxies::default()).await
    });

    let endpoint = format!("http://{collector}");
    let settings = ["shop", "--admin-addr", "127.0.0.1:0", "--otlp-endpoint", &endpoint];
    let process = Process::start("shop", &Settings::parse_from(settings).args).await;
    let process = process.expect("a started process");
    let (listener, shop) = listen().await;
    let runtime = process.runtime();
    let router = Router::new().route("/products/{id}", get(async || "ok"));
    let deadline = Duration::from_secs(1);
    let router = observe(router, ObserveConfig { runtime: runtime.clone(), deadline });
    let serve = async move {
        tokio::spawn(async move {
            kit::http::serve(listener, router, &runtime, TrustedProxies::default()).await
        });
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let client = reqwest::Client::new();
        let request = client.get(format!("http://{shop}/products/1")).header("traceparent", trace);
        request.send().await?;
        Ok(())
    };
    // The component ends, and with it the process.
    let ended = process.run(vec![Box::pin(serve)]).await;
    assert!(matches!(ended, Err(kit::Error::Ended)));

    let received = received.lock().expect("no panic").clone();
    let contains = |bytes: &[u8]| received.windows(bytes.len()).any(|window| window == bytes);
    assert!(contains(b"GET /products/{id}"), "the span's name: {}", received.escape_ascii());
    assert!(contains(b"shop"), "the service's name");
    assert!(contains(&0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()), "the trace");
}
