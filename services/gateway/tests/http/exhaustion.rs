//! One client with slow or large requests does not keep others from being served.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::shop::Gateway;

/// Starts a gateway without services that trusts this machine as a proxy.
async fn start(more: &[&str]) -> Gateway {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let settings = ["--rate-limit-per-minute", "0", "--trusted-proxies", "127.0.0.0/8"];
    Gateway::start_with(unused_address, &[&settings, more].concat()).await
}

/// Sends the head of a request whose body does not arrive.
async fn send_head(gateway: &Gateway, client: &str, framing: &str) -> TcpStream {
    let address = gateway.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /api/v1/auth/refresh HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {client}\r\n\
         content-type: application/json\r\n{framing}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    connection
}

/// Returns the head of a response that arrives within half a second, or "".
async fn response(connection: &mut TcpStream) -> String {
    let mut part = vec![0; 2048];
    let read = tokio::time::timeout(Duration::from_millis(500), connection.read(&mut part)).await;
    let length = read.map_or(0, |length| length.expect("a connection"));
    String::from_utf8_lossy(&part[..length]).to_lowercase()
}

#[tokio::test]
async fn incomplete_bodies_occupy_no_place_in_flight() {
    let gateway = start(&["--max-in-flight", "2"]).await;
    let mut slow = Vec::new();
    for number in 0..6 {
        let client = format!("192.0.2.{number}");
        slow.push(send_head(&gateway, &client, "content-length: 100").await);
    }
    for connection in &mut slow {
        assert_eq!(response(connection).await, "", "the body is awaited");
    }
    gateway.get("/nothing").await.is(404, "not_found");
    let call = gateway.request(Method::POST, "/api/v1/auth/refresh");
    call.json(&serde_json::json!({})).send().await.is(400, "invalid_request");
}

#[tokio::test]
async fn memory_of_bodies_is_shared_by_clients() {
    let gateway = start(&["--max-body-memory-bytes", "8388608"]).await;
    // A body of unknown length takes the memory of the largest one, 32 KiB of a client's 2 MiB.
    let mut slow = Vec::new();
    for _ in 0..66 {
        slow.push(send_head(&gateway, "192.0.2.1", "transfer-encoding: chunked").await);
    }
    let mut rejected = 0;
    let heads = futures::future::join_all(slow.iter_mut().map(response)).await;
    for head in heads {
        if !head.is_empty() {
            assert!(head.starts_with("http/1.1 503 ") && head.contains("retry-after: 1"), "{head}");
            rejected += 1;
        }
    }
    assert_eq!(rejected, 2);
    for (client, code, status) in
        [("192.0.2.1", "overloaded", 503), ("192.0.2.2", "invalid_request", 400)]
    {
        let call = gateway.request(Method::POST, "/api/v1/auth/refresh");
        let call = call.header("x-forwarded-for", client).json(&serde_json::json!({
            "padding": "x".repeat(10_000),
        }));
        call.send().await.is(status, code);
    }
    drop(slow);
    let body = serde_json::json!({"padding": "x".repeat(10_000)});
    let recovered = async || {
        let call = gateway.request(Method::POST, "/api/v1/auth/refresh");
        call.header("x-forwarded-for", "192.0.2.1").json(&body).send().await.status == 400
    };
    while !recovered().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn slow_bodies_hold_only_their_declared_length() {
    let gateway = start(&["--max-body-memory-bytes", "8388608"]).await;
    let mut slow = Vec::new();
    for number in 0..40 {
        let client = format!("2001:db8:1:{}::1", number % 5);
        slow.push(send_head(&gateway, &client, "content-length: 16384").await);
    }
    // With the limit of the route, 16 KiB more for each, these would exceed the client's 2 MiB.
    for _ in 0..100 {
        slow.push(send_head(&gateway, "2001:db8:1:5::1", "content-length: 100").await);
    }
    let heads = futures::future::join_all(slow.iter_mut().map(response)).await;
    assert!(heads.iter().all(String::is_empty), "the bodies are awaited");
    let call = gateway.request(Method::POST, "/api/v1/auth/refresh");
    let call = call.json(&serde_json::json!({"padding": "x".repeat(10_000)}));
    call.send().await.is(400, "invalid_request");
}

#[tokio::test]
async fn one_client_gets_a_quarter_of_the_places_in_flight() {
    // A catalog that accepts connections and never responds.
    let catalog = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = catalog.local_addr().expect("an address");
    let settings = ["--rate-limit-per-minute", "0", "--trusted-proxies", "127.0.0.0/8"];
    let settings = [&settings[..], &["--max-in-flight", "8"]].concat();
    let gateway = Gateway::start_with(address, &settings).await;
    let mut waiting = Vec::new();
    for number in 0..8 {
        let url = format!("{}/api/v1/products?page_size={}", gateway.url, number + 1);
        let request = reqwest::Client::new().get(url).header("x-forwarded-for", "192.0.2.1");
        waiting.push(request.timeout(Duration::from_millis(500)).send());
    }
    let responses = futures::future::join_all(waiting);
    let other = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let call = gateway.request(Method::GET, "/nothing");
        call.header("x-forwarded-for", "192.0.2.2").send().await.is(404, "not_found");
    };
    let (responses, ()) = tokio::join!(responses, other);
    let refused = responses.iter().flatten().filter(|response| response.status() == 503).count();
    assert_eq!(refused, 6);
}

#[tokio::test]
async fn requests_of_one_client_are_bounded_by_the_setting() {
    let gateway = start(&["--max-in-flight", "40"]).await;
    let mut slow = Vec::new();
    for _ in 0..44 {
        slow.push(send_head(&gateway, "192.0.2.1", "content-length: 100").await);
    }
    let heads = futures::future::join_all(slow.iter_mut().map(response)).await;
    assert_eq!(heads.iter().filter(|head| head.starts_with("http/1.1 503 ")).count(), 4);
    gateway.get("/nothing").await.is(404, "not_found");
}

#[tokio::test]
async fn compressed_response_is_complete_before_it_is_sent() {
    let gateway = start(&[]).await;
    let address = gateway.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let request = "GET /openapi.json HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n";
    connection.write_all(request.as_bytes()).await.expect("sent");
    let head = response(&mut connection).await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("\r\ncontent-length: "), "{head}");
}
