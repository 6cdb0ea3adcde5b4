//! Connection timeouts through real sockets.

use super::serve_until;
use crate::http::ConnectionTimeouts;
use axum::Router;
use axum::routing::get;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// Far apart, because the machine may be busy.
const TIMEOUTS: ConnectionTimeouts = ConnectionTimeouts {
    header_read: Duration::from_millis(250),
    keep_alive: Duration::from_secs(3),
};

/// Longer than each timeout.
const LONG: Duration = Duration::from_secs(4);

const REQUEST: &[u8] = b"GET /fast HTTP/1.1\r\nhost: shop\r\n\r\n";

/// The address of a server that never drains.
async fn start_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/fast", get(async || "a response")).route(
        "/slow",
        get(async || {
            sleep(LONG).await;
            "a response"
        }),
    );
    tokio::spawn(serve_until(listener, router, pending(), TIMEOUTS));
    address
}

async fn connect(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    stream
}

/// Reads until the response is complete.
async fn read_response(stream: &mut TcpStream) {
    let (mut read, mut part) = (Vec::new(), [0; 1024]);
    let response = async {
        while !read.ends_with(b"a response") {
            let length = stream.read(&mut part).await.expect("a response");
            assert_ne!(length, 0, "closed after {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&part[..length]);
        }
    };
    timeout(LONG * 2, response).await.expect("in time");
}

/// Waits until the server closes the connection, and returns how long that took.
async fn time_to_close(stream: &mut TcpStream) -> Duration {
    let (start, mut rest) = (Instant::now(), Vec::new());
    // A reset closes the connection too.
    drop(
        timeout(LONG * 2, stream.read_to_end(&mut rest))
            .await
            .expect("the server closes the connection"),
    );
    start.elapsed()
}

#[tokio::test]
async fn connection_without_request_is_closed_after_header_timeout() {
    let address = start_server().await;
    let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for bytes in [b"", b"PRI * HT".as_slice(), preface, b"GET /fast HTTP/1.1\r\nhost: s"] {
        let mut stream = connect(address, bytes).await;
        let open_duration = time_to_close(&mut stream).await;
        let sent = String::from_utf8_lossy(bytes);
        assert!(
            open_duration >= TIMEOUTS.header_read && open_duration < TIMEOUTS.keep_alive,
            "{sent:?} kept it open for {open_duration:?}"
        );
    }
}

#[tokio::test]
async fn idle_connection_is_kept_until_keep_alive_timeout() {
    let address = start_server().await;
    let mut stream = connect(address, REQUEST).await;
    read_response(&mut stream).await;
    sleep(TIMEOUTS.header_read * 4).await;
    stream.write_all(REQUEST).await.expect("sent");
    read_response(&mut stream).await;
    let open_duration = time_to_close(&mut stream).await;
    assert!(open_duration > TIMEOUTS.keep_alive / 2, "{open_duration:?}");
}

#[tokio::test]
async fn incomplete_next_request_is_closed_after_header_timeout() {
    let address = start_server().await;
    let mut stream = connect(address, REQUEST).await;
    read_response(&mut stream).await;
    stream.write_all(b"GET /fast HT").await.expect("sent");
    let open_duration = time_to_close(&mut stream).await;
    assert!(open_duration < TIMEOUTS.keep_alive, "{open_duration:?}");
}

#[tokio::test]
async fn request_in_flight_is_never_closed() {
    let address = start_server().await;
    let mut stream = connect(address, b"GET /slow HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    read_response(&mut stream).await;
}

#[tokio::test]
async fn idle_http2_connection_is_shut_down_gracefully() {
    let address = start_server().await;
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    for _ in 0..2 {
        let request = http::Request::get("http://shop/fast").body(()).expect("a request");
        let (response, _) = client.send_request(request, true).expect("sent");
        assert_eq!(response.await.expect("a response").status(), 200);
        sleep(TIMEOUTS.header_read * 4).await;
    }
    let ended = timeout(LONG * 2, connection).await.expect("the server closes the connection");
    ended.expect("no panic").expect("a graceful shutdown");
}
