//! Conventions of all requests and responses.

use std::time::Duration;

use axum::body::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::shop::{Catalog, Gateway};

/// Starts a gateway without services: port 1 accepts no connections.
async fn gateway_without_services() -> Gateway {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    Gateway::start_with(unused_address, &["--rate-limit-per-minute", "0"]).await
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let gateway = gateway_without_services().await;
    for path in ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/admin", "/etc/passwd", "/%ff"]
    {
        gateway.get(path).await.is(404, "not_found");
    }
    let response = gateway.request(Method::POST, "/api/v1/products").send().await;
    assert_eq!(response.is(405, "method_not_allowed").header("allow"), "GET,HEAD");
    let response = gateway.get("/api/v1/admin/products/x/stock").await;
    assert_eq!(response.is(405, "method_not_allowed").header("allow"), "POST");
    let invented = Method::from_bytes(b"BREW").expect("a method");
    let response = gateway.request(invented, "/health").send().await;
    assert_eq!(response.is(405, "method_not_allowed").header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn health_does_not_depend_on_services() {
    let gateway = gateway_without_services().await;
    assert_eq!(gateway.get("/health").await.is(200, "").json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn request_id_is_kept_if_valid_and_generated_otherwise() {
    let gateway = gateway_without_services().await;
    let longest = "x".repeat(128);
    for id in ["a", "A-b_c.9", &longest] {
        let call = gateway.request(Method::GET, "/health").header("x-request-id", id);
        assert_eq!(call.send().await.header("x-request-id"), id);
    }
    let too_long = "x".repeat(129);
    for id in ["a b", "a/b", "\"", &too_long] {
        let call = gateway.request(Method::GET, "/nothing").header("x-request-id", id);
        let response = call.send().await;
        let generated = response.header("x-request-id");
        assert!(generated != id && !generated.is_empty());
        assert_eq!(response.json()["request_id"], generated);
    }
}

#[tokio::test]
async fn malformed_bodies_are_rejected_with_a_reason() {
    let gateway = gateway_without_services().await;
    let post = || gateway.admin(Method::POST, "/api/v1/admin/products");
    post().send().await.is(400, "invalid_json");
    post().body("{}").send().await.is(415, "unsupported_media_type");
    let form = post().header("content-type", "application/x-www-form-urlencoded").body("a=b");
    form.send().await.is(415, "unsupported_media_type");
    for wrong in
        ["{", "[]", "null", "\"text\"", "{\"a\":1}{", "\u{feff}{}", "{\"name\": \"\\ud800\"}"]
    {
        let call = post().header("content-type", "application/json").body(wrong);
        call.send().await.is(400, "invalid_json");
    }
    let wide = format!("[{}0]", "0,".repeat(1_000));
    let call = post().header("content-type", "application/json").body(wide);
    let problem = call.send().await.is(400, "invalid_json").json();
    assert!(problem["detail"].to_string().contains("at most 500"), "{problem}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let call = post().header("content-type", "application/json").body(deep);
    call.send().await.is(400, "invalid_json");
    let charset = post().header("content-type", "Application/JSON; charset=utf-8").body("{}");
    charset.send().await.is(400, "invalid_request");
}

#[tokio::test]
async fn encoded_bodies_are_415_with_the_supported_encoding() {
    let gateway = gateway_without_services().await;
    let post = |encoding: &str, body: &'static [u8]| {
        let call = gateway.admin(Method::POST, "/api/v1/admin/products");
        call.header("content-type", "application/json")
            .header("content-encoding", encoding)
            .body(body)
            .send()
    };
    // `{}`, compressed.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    for encoding in ["gzip", "GZIP", "br", "identity, gzip", "identity, nonsense"] {
        let response = post(encoding, gzip).await;
        response.is(415, "unsupported_media_type");
        assert_eq!(response.header("accept-encoding"), "identity", "{encoding}");
        let detail = response.json()["detail"].to_string();
        assert!(detail.contains("Content-Encoding"), "{detail}");
    }
    for encoding in ["identity", "Identity", ""] {
        post(encoding, b"{}").await.is(400, "invalid_request");
    }
}

#[tokio::test]
async fn duplicated_keys_are_refused_and_named() {
    let gateway = gateway_without_services().await;
    let send = async |method: Method, path: &str, body: &str| {
        let call = gateway.admin(method, path).header("content-type", "application/json");
        call.body(body.to_owned()).send().await
    };
    for (body, paths) in [
        (r#"{"name": "A", "name": "B"}"#, &["name"][..]),
        (
            r#"{"price": {"currency": "USD", "amount_cents": 1, "currency": "EUR"}}"#,
            &["price.currency"],
        ),
        (r#"{"unknown": [{"a": 1}, {"a": 1, "a": 2}], "name": "A"}"#, &["unknown[1].a"]),
        (r#"{"name": "A", "n\u0061me": "B", "x": 1, "x": 1}"#, &["name", "x"]),
    ] {
        let response = send(Method::POST, "/api/v1/admin/products", body).await;
        let problem = response.is(400, "invalid_json").json();
        let detail = problem["detail"].as_str().expect("a detail");
        let expected: Vec<_> =
            paths.iter().map(|path| ((*path).to_owned(), "repeated".to_owned())).collect();
        assert_eq!(response.fields(), expected, "{body}");
        assert!(paths.iter().all(|path| detail.contains(path)), "{detail}");
    }
    // Every route that reads a body.
    let id = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01";
    for (method, path) in [
        (Method::POST, "/api/v1/auth/login".to_owned()),
        (Method::POST, "/api/v1/auth/logout".to_owned()),
        (Method::POST, "/api/v1/cart/items".to_owned()),
        (Method::POST, "/api/v1/orders".to_owned()),
        (Method::DELETE, format!("/api/v1/orders/{id}")),
        (Method::PUT, format!("/api/v1/admin/products/{id}")),
        (Method::PATCH, format!("/api/v1/admin/users/{id}")),
    ] {
        let response = send(method, &path, r#"{"a": 1, "a": 2}"#).await;
        assert_eq!(response.is(400, "invalid_json").fields()[0].0, "a", "{path}");
    }
}

#[tokio::test]
async fn depth_and_size_of_json_are_bounded() {
    let gateway = gateway_without_services().await;
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(16), "]".repeat(16));
    let wide = format!("{{\"x\":[{}0]}}", "0,".repeat(1_000));
    for body in [deep, wide] {
        let call = gateway.admin(Method::POST, "/api/v1/admin/products");
        let call = call.header("content-type", "application/json").body(body);
        let problem = call.send().await.is(400, "invalid_json").json();
        assert!(problem["detail"].as_str().expect("text").contains("at most"), "{problem}");
    }
}

#[tokio::test]
async fn bodies_above_the_limit_of_the_route_are_rejected() {
    let gateway = gateway_without_services().await;
    let padded = |length: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(length - 8));
    for (path, length, status, code) in [
        ("/api/v1/admin/products", 256 * 1024, 400, "invalid_request"),
        ("/api/v1/admin/products", 256 * 1024 + 1, 413, "payload_too_large"),
        ("/api/v1/admin/products", 3 * 1024 * 1024, 413, "payload_too_large"),
        ("/api/v1/auth/refresh", 16 * 1024, 400, "invalid_request"),
        ("/api/v1/auth/refresh", 16 * 1024 + 1, 413, "payload_too_large"),
        ("/api/v1/auth/refresh", 1024 * 1024, 413, "payload_too_large"),
    ] {
        let post = || {
            let call = gateway.admin(Method::POST, path);
            call.header("content-type", "application/json")
        };
        post().body(padded(length)).send().await.is(status, code);
        // The same with chunked transfer encoding, without Content-Length.
        let parts: Vec<Result<_, std::io::Error>> = padded(length)
            .into_bytes()
            .chunks(64 * 1024)
            .map(|part| Ok(Frame::data(Bytes::copy_from_slice(part))))
            .collect();
        let stream = reqwest::Body::wrap(StreamBody::new(futures::stream::iter(parts)));
        post().body(stream).send().await.is(status, code);
    }
}

#[tokio::test]
async fn cors_allows_configured_origins_only() {
    let gateway = gateway_without_services().await;
    let preflight = |origin: &str| {
        gateway
            .request(Method::OPTIONS, "/api/v1/admin/products")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,cart-token,traceparent")
            .send()
    };
    let allowed = preflight("http://localhost:3000").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), "http://localhost:3000");
    let methods = allowed.header("access-control-allow-methods");
    assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|word| methods.contains(word)));
    let headers = allowed.header("access-control-allow-headers");
    for name in [
        "authorization",
        "baggage",
        "cart-token",
        "content-encoding",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "traceparent",
        "tracestate",
        "x-request-id",
    ] {
        assert!(headers.split(',').any(|allowed| allowed.trim() == name), "{name}: {headers}");
    }
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");

    let call = gateway.request(Method::GET, "/nothing").header("origin", "http://localhost:3000");
    let response = call.send().await;
    assert_eq!(response.header("access-control-allow-origin"), "http://localhost:3000");
    let exposed = response.header("access-control-expose-headers");
    for name in
        ["allow", "etag", "ratelimit-remaining", "retry-after", "www-authenticate", "x-request-id"]
    {
        assert!(exposed.split(',').any(|header| header.trim() == name), "{name}: {exposed}");
    }
}

#[tokio::test]
async fn large_responses_are_compressed_if_accepted() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start(catalog.address()).await;
    let list = "/api/v1/products?page_size=50";
    let plain = gateway.get(list).await;
    let call = gateway.request(Method::GET, list).header("accept-encoding", "gzip");
    let compressed = call.send().await;
    assert_eq!(
        (compressed.header("content-encoding"), &compressed.bytes[..2]),
        ("gzip", &[0x1f, 0x8b][..])
    );
    assert!(compressed.bytes.len() * 3 < plain.bytes.len());
    assert_eq!(compressed.header("etag"), plain.header("etag"));
    let call = gateway.request(Method::GET, "/health").header("accept-encoding", "gzip");
    assert_eq!(call.send().await.header("content-encoding"), "");
    for unsupported in ["identity;q=0", "br, *;q=0"] {
        let call = gateway.request(Method::GET, list).header("accept-encoding", unsupported);
        let response = call.send().await;
        assert_eq!(response.is(200, "").bytes, plain.bytes, "{unsupported}");
    }
}

#[tokio::test]
async fn openapi_document_and_viewer_are_served() {
    let gateway = gateway_without_services().await;
    let document = gateway.get("/openapi.json").await;
    let expected = serde_json::to_value(gateway::openapi()).expect("JSON");
    assert_eq!(document.is(200, "").json(), expected);
    let viewer = gateway.get("/docs/").await;
    assert!(String::from_utf8_lossy(&viewer.is(200, "").bytes).contains("swagger-ui"));
    let policy = viewer.header("content-security-policy");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let page = String::from_utf8_lossy(&viewer.bytes).to_lowercase();
    let inline = page.split("<script").skip(1).any(|script| !script.contains("src="));
    assert!(!inline && !page.contains("onload="), "inline scripts, which the policy forbids");
    gateway.get("/docs/swagger-ui-bundle.js").await.is(200, "");
    for nothing in ["/docs/nothing", "/docs/a/b", "/docs/../Cargo.toml"] {
        gateway.get(nothing).await.is(404, "not_found");
    }
    let response = gateway.request(Method::POST, "/docs/").send().await;
    response.is(405, "method_not_allowed");
}

#[tokio::test]
async fn responses_have_a_policy_and_hsts_if_the_url_is_https() {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    for (url, hsts) in [("https://api.example.com", "max-age=31536000"), ("http://localhost", "")] {
        let settings = ["--rate-limit-per-minute", "0", "--api-url", url];
        let gateway = Gateway::start_with(unused_address, &settings).await;
        for (path, policy) in [
            ("/health", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
            ("/nothing", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
            ("/openapi.json", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        ] {
            let response = gateway.get(path).await;
            assert_eq!(response.header("content-security-policy"), policy, "{path}");
            assert_eq!(response.header("strict-transport-security"), hsts, "{path}");
        }
        let preflight = gateway.request(Method::OPTIONS, "/api/v1/products");
        let preflight = preflight
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "GET");
        assert_eq!(preflight.send().await.header("strict-transport-security"), hsts);
    }
}

#[tokio::test]
async fn public_keys_are_published() {
    let gateway = gateway_without_services().await;
    let response = gateway.get("/.well-known/jwks.json").await;
    assert_eq!(response.header("cache-control"), "public, max-age=300");
    let keys = response.is(200, "").json();
    assert_eq!(keys["keys"][0]["kid"], "test-1");
    assert_eq!(keys["keys"][0]["alg"], "EdDSA");
}

#[tokio::test]
async fn http2_without_tls_is_supported() {
    let gateway = gateway_without_services().await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<String>();
    let health = format!("{}/health", gateway.url).parse().expect("an address");
    let response = client.get(health).await.expect("a response");
    assert_eq!((response.version(), response.status().as_u16()), (reqwest::Version::HTTP_2, 200));
}

#[tokio::test]
async fn stalled_body_is_408() {
    let gateway = gateway_without_services().await;
    let address = gateway.url.trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&address).await.expect("a connection");
    let token = gateway.signer().admin();
    let head = format!(
        "POST /api/v1/admin/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    let mut response = vec![0; 64];
    let timeout = Duration::from_secs(25);
    let read = tokio::time::timeout(timeout, connection.read(&mut response)).await;
    let read = read.expect("in time").expect("a response");
    assert!(String::from_utf8_lossy(&response[..read]).starts_with("HTTP/1.1 408"));
}
