//! Who may keep a connection, and for how long.

use super::patience::Patience;
use super::serve::serve_until;
use axum::Router;
use axum::routing::get;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// Far apart, for the machine may be busy.
const PATIENCE: Patience =
    Patience { head: Duration::from_millis(250), idle: Duration::from_secs(3) };

/// Longer than any patience.
const LONG: Duration = Duration::from_secs(4);

const REQUEST: &[u8] = b"GET /at-once HTTP/1.1\r\nhost: shop\r\n\r\n";

/// The address of a server that never drains.
async fn open() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/at-once", get(async || "an answer")).route(
        "/late",
        get(async || {
            sleep(LONG).await;
            "an answer"
        }),
    );
    tokio::spawn(serve_until(listener, router, pending(), PATIENCE));
    address
}

async fn connect(address: SocketAddr, words: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(words).await.expect("sent");
    stream
}

/// Reads until the answer is there.
async fn is_answered(stream: &mut TcpStream) {
    let (mut read, mut part) = (Vec::new(), [0; 1024]);
    let answer = async {
        while !read.ends_with(b"an answer") {
            let length = stream.read(&mut part).await.expect("an answer");
            assert_ne!(length, 0, "closed after {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&part[..length]);
        }
    };
    timeout(LONG * 2, answer).await.expect("in time");
}

/// Waits until the other side closes the connection; how long that took.
async fn is_closed(stream: &mut TcpStream) -> Duration {
    let (began, mut rest) = (Instant::now(), Vec::new());
    // A reset is an end as well.
    drop(timeout(LONG * 2, stream.read_to_end(&mut rest)).await.expect("it is closed"));
    began.elapsed()
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_loses_its_place() {
    let address = open().await;
    let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for words in [b"", b"PRI * HT".as_slice(), preface, b"GET /at-once HTTP/1.1\r\nhost: s"] {
        let mut stream = connect(address, words).await;
        let kept = is_closed(&mut stream).await;
        let told = String::from_utf8_lossy(words);
        assert!(kept >= PATIENCE.head && kept < PATIENCE.idle, "{told:?} kept it for {kept:?}");
    }
}

#[tokio::test]
async fn between_requests_a_connection_is_kept_for_longer() {
    let address = open().await;
    let mut stream = connect(address, REQUEST).await;
    is_answered(&mut stream).await;
    sleep(PATIENCE.head * 4).await;
    stream.write_all(REQUEST).await.expect("sent");
    is_answered(&mut stream).await;
    let kept = is_closed(&mut stream).await;
    assert!(kept > PATIENCE.idle / 2, "{kept:?}");
}

#[tokio::test]
async fn a_next_request_that_has_begun_has_to_come_to_its_end() {
    let address = open().await;
    let mut stream = connect(address, REQUEST).await;
    is_answered(&mut stream).await;
    stream.write_all(b"GET /at-once HT").await.expect("sent");
    let kept = is_closed(&mut stream).await;
    assert!(kept < PATIENCE.idle, "{kept:?}");
}

#[tokio::test]
async fn a_request_under_way_is_never_cut() {
    let address = open().await;
    let mut stream = connect(address, b"GET /late HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    is_answered(&mut stream).await;
}

#[tokio::test]
async fn an_idle_http_2_connection_is_told_to_go() {
    let address = open().await;
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    for _ in 0..2 {
        let request = http::Request::get("http://shop/at-once").body(()).expect("a request");
        let (response, _) = client.send_request(request, true).expect("sent");
        assert_eq!(response.await.expect("an answer").status(), 200);
        sleep(PATIENCE.head * 4).await;
    }
    let ended = timeout(LONG * 2, connection).await.expect("it is closed");
    ended.expect("no panic").expect("it is closed in order");
}
