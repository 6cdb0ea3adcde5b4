//! Connection timeouts through real sockets.

use super::{EVICTION_TIMEOUT, ServerLimits, ServerSettings, serve_until};
use crate::Runtime;
use crate::http::connection_table::Pace;
use crate::http::connection_timeouts::ConnectionTimeouts;
use crate::http::{Client, EventStreams, TrustedProxies};
use axum::Router;
use axum::body::Bytes;
use axum::response::sse::Event;
use axum::routing::get;
use futures::{StreamExt as _, stream};
use std::future::pending;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// Far apart, because the machine may be busy.
const TIMEOUTS: ConnectionTimeouts = ConnectionTimeouts {
    header_read: Duration::from_millis(250),
    keep_alive: Duration::from_secs(3),
    response_progress: Duration::from_secs(1),
};

/// A response that fits into no buffer of a socket.
const LARGE_BYTES: usize = 32 * 1024 * 1024;

/// A response of which one client may have four that it does not read.
const MEDIUM_BYTES: usize = 400_000;

/// Requests in flight, of which one client gets 512.
const MAX_REQUESTS: u64 = 2048;

/// Longer than each timeout.
const LONG: Duration = Duration::from_secs(4);

const REQUEST: &[u8] = b"GET /fast HTTP/1.1\r\nhost: shop\r\n\r\n";

/// The address of a server that never drains.
async fn start_server() -> SocketAddr {
    start_server_with(1024, &[]).await
}

/// The address of a server with these limits.
async fn start_server_with(max_connections: usize, proxies: &[&str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route("/fast", get(async || "a response")).route(
        "/slow",
        get(async || {
            sleep(LONG).await;
            "a response"
        }),
    );
    let router = router
        .route("/large", get(async || vec![b'x'; LARGE_BYTES]))
        .route("/medium", get(async || vec![b'x'; MEDIUM_BYTES]).post(async || "a response"));
    let proxies: Vec<_> = proxies.iter().map(|net| net.parse().expect("a network")).collect();
    let trusted = TrustedProxies::new(&proxies);
    let limits = ServerLimits::new(MAX_REQUESTS, 16 * MEDIUM_BYTES as u64 + 64 * 1024);
    let settings = ServerSettings { timeouts: TIMEOUTS, max_connections, trusted, limits };
    tokio::spawn(serve_until(listener, router, pending(), settings));
    address
}

/// The address of a server with event streams, where one client may have one request in flight and
/// 4 KiB of responses.
async fn start_event_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let streams = EventStreams::new(8, &Runtime::for_tests());
    let client = Client::from(address.ip());
    let open = async move || {
        let first = stream::iter([Event::default().data("1")]);
        let place = streams.try_open(client).expect("a place");
        place.respond(first.chain(stream::pending()))
    };
    let router = Router::new().route("/fast", get(async || "a response"));
    let router = router.route("/events", get(open));
    let limits = ServerLimits::new(1, 16 * 1024);
    let settings = ServerSettings { limits, ..ServerSettings::new(TrustedProxies::default()) };
    tokio::spawn(serve_until(listener, router, pending(), settings));
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
async fn incomplete_head_behind_a_request_is_closed_after_header_timeout() {
    let address = start_server().await;
    let post = b"POST /medium HTTP/1.1\r\nhost: shop\r\ncontent-length: 2\r\n\r\n{}";
    for complete in [REQUEST, post] {
        let bytes = [complete, b"GET /fast HT"].concat();
        let mut stream = connect(address, &bytes).await;
        read_response(&mut stream).await;
        let open_duration = time_to_close(&mut stream).await;
        assert!(open_duration < TIMEOUTS.keep_alive, "{open_duration:?}");
        // Without the incomplete head, the connection is kept.
        let mut stream = connect(address, complete).await;
        read_response(&mut stream).await;
        sleep(TIMEOUTS.header_read * 4).await;
        stream.write_all(REQUEST).await.expect("sent");
        read_response(&mut stream).await;
    }
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

/// Connects from another loopback address, which is another client.
async fn connect_from(source: [u8; 4], address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((source, 0).into()).expect("a loopback address");
    let mut stream = socket.connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    stream
}

/// Whether the server has closed the connection.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0]) {
        Ok(0) => true,
        Ok(_) => panic!("unexpected bytes"),
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

const ATTACKER: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn client_with_idle_connections_does_not_block_others() {
    let address = start_server_with(16, &[]).await;
    // Beyond the number of connections of the server.
    let mut idle = Vec::new();
    for _ in 0..40 {
        let mut stream = connect_from(ATTACKER, address, REQUEST).await;
        read_response(&mut stream).await;
        idle.push(stream);
    }
    sleep(EVICTION_TIMEOUT * 4).await;
    assert!(idle.iter().filter(|stream| !is_closed(stream)).count() <= 9);
    let mut other = connect(address, REQUEST).await;
    read_response(&mut other).await;
    // The other client keeps its connection, although the first one continues.
    for _ in 0..20 {
        read_response(&mut connect_from(ATTACKER, address, REQUEST).await).await;
    }
    other.write_all(REQUEST).await.expect("sent");
    read_response(&mut other).await;
}

#[tokio::test]
async fn client_with_slow_requests_does_not_block_others() {
    let address = start_server_with(16, &[]).await;
    let mut slow = Vec::new();
    for _ in 0..40 {
        slow.push(connect_from(ATTACKER, address, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await);
    }
    let started = Instant::now();
    let mut other = connect(address, REQUEST).await;
    read_response(&mut other).await;
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[tokio::test]
async fn connection_that_waits_for_its_turn_makes_room_for_others() {
    let address = start_server_with(64, &[]).await;
    let (mut waiting, mut slowest) = (Vec::new(), Duration::ZERO);
    // More than can be open, and all at once, so that most of them wait when others arrive.
    for _ in 0..20 {
        for _ in 0..100 {
            waiting.push(connect_from(ATTACKER, address, b"").await);
        }
        let started = Instant::now();
        read_response(&mut connect(address, REQUEST).await).await;
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest < Pace::MAX_WAIT / 2, "{slowest:?}");
}

#[tokio::test]
async fn connections_of_trusted_proxies_are_not_evicted() {
    let address = start_server_with(16, &["127.0.0.2"]).await;
    let mut proxy = Vec::new();
    for _ in 0..12 {
        let mut stream = connect_from(ATTACKER, address, REQUEST).await;
        read_response(&mut stream).await;
        proxy.push(stream);
    }
    let mut other = connect(address, REQUEST).await;
    read_response(&mut other).await;
    sleep(Duration::from_millis(100)).await;
    assert!(!proxy.iter().any(is_closed));
}

#[tokio::test]
async fn http2_peer_without_window_is_disconnected() {
    let address = start_server().await;
    let stream = TcpStream::connect(address).await.expect("a connection");
    let mut builder = h2::client::Builder::new();
    let handshake = builder.initial_window_size(0).handshake::<_, Bytes>(stream);
    let (mut client, connection) = handshake.await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://shop/fast").body(()).expect("a request");
    let (response, _) = client.send_request(request, true).expect("sent");
    // The response is kept, so that the stream is not reset.
    let response = response.await.expect("a head");
    let started = Instant::now();
    drop(timeout(LONG * 2, connection).await.expect("the server closes the connection"));
    assert!(started.elapsed() >= TIMEOUTS.response_progress / 2, "{:?}", started.elapsed());
    drop(response);
}

#[tokio::test]
async fn peer_that_does_not_read_is_disconnected() {
    let address = start_server().await;
    let mut stream = connect(address, b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    sleep(TIMEOUTS.response_progress * 3).await;
    let mut received = Vec::new();
    // A reset may follow the bytes in the buffers of the sockets.
    drop(timeout(LONG * 2, stream.read_to_end(&mut received)).await.expect("closed"));
    assert!(received.len() < LARGE_BYTES, "{}", received.len());
}

#[tokio::test]
async fn slow_reader_that_makes_progress_gets_the_response() {
    let address = start_server().await;
    let request = b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut stream = connect(address, request).await;
    let mut received = 0;
    let mut part = vec![0; 512 * 1024];
    loop {
        let length = stream.read(&mut part).await.expect("a part");
        if length == 0 {
            break;
        }
        received += length;
        // Longer in total than the timeout of one part.
        sleep(TIMEOUTS.response_progress / 20).await;
    }
    assert!(received > LARGE_BYTES, "{received}");
}

#[tokio::test]
async fn requests_of_one_client_above_the_limit_are_503() {
    let address = start_server().await;
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut connections = vec![client];
    // 32 streams on each connection, 512 requests for the client.
    while connections.len() < 20 {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        tokio::spawn(connection);
        connections.push(client);
    }
    let mut responses = Vec::new();
    for mut client in connections {
        for _ in 0..32 {
            client = client.ready().await.expect("a stream");
            let request = http::Request::get("http://shop/slow").body(()).expect("a request");
            responses.push(client.send_request(request, true).expect("sent").0);
        }
    }
    let mut refused = 0;
    for response in responses {
        let response = response.await.expect("a response");
        if response.status() == 503 {
            refused += 1;
            assert_eq!(response.headers()["retry-after"], "1");
        }
    }
    assert_eq!(refused, 640 - 512);
    let mut other = connect_from(ATTACKER, address, REQUEST).await;
    read_response(&mut other).await;
}

/// Opens an HTTP/2 connection whose streams have a window of this many bytes.
async fn connect_http2(
    source: [u8; 4],
    address: SocketAddr,
    window: u32,
) -> (h2::client::SendRequest<Bytes>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
    let stream = connect_from(source, address, b"").await;
    let mut builder = h2::client::Builder::new();
    let handshake = builder.initial_window_size(window).handshake(stream);
    let (client, connection) = handshake.await.expect("HTTP/2");
    (client, tokio::spawn(connection))
}

fn get_http2(path: &str) -> http::Request<()> {
    http::Request::get(format!("http://shop{path}")).body(()).expect("a request")
}

#[tokio::test]
async fn http2_peer_that_opens_one_byte_at_a_time_is_disconnected() {
    let address = start_server().await;
    let (mut client, connection) = connect_http2([127, 0, 0, 1], address, 1).await;
    let (response, _) = client.send_request(get_http2("/medium"), true).expect("sent");
    let mut body = response.await.expect("a head").into_body();
    let (started, mut received) = (Instant::now(), 0);
    while let Some(Ok(part)) = body.data().await {
        received += part.len();
        sleep(Duration::from_millis(20)).await;
        if body.flow_control().release_capacity(part.len()).is_err() {
            break;
        }
    }
    drop(timeout(LONG, connection).await.expect("the server closes the connection"));
    let open_duration = started.elapsed();
    assert!(received > 1 && open_duration > TIMEOUTS.response_progress / 2, "{received}");
    assert!(open_duration < TIMEOUTS.keep_alive, "{open_duration:?}");
}

#[tokio::test]
async fn http2_peer_with_a_small_window_gets_the_response() {
    let address = start_server().await;
    let (mut client, _connection) = connect_http2([127, 0, 0, 1], address, 8192).await;
    let (response, _) = client.send_request(get_http2("/medium"), true).expect("sent");
    let mut body = response.await.expect("a head").into_body();
    let (started, mut received) = (Instant::now(), 0);
    while let Some(part) = body.data().await {
        let part = part.expect("a part");
        received += part.len();
        sleep(TIMEOUTS.response_progress / 20).await;
        body.flow_control().release_capacity(part.len()).expect("a stream");
    }
    assert_eq!(received, MEDIUM_BYTES);
    assert!(started.elapsed() > TIMEOUTS.response_progress * 2, "{:?}", started.elapsed());
}

#[tokio::test]
async fn unread_responses_of_one_client_are_bounded() {
    let address = start_server().await;
    let (mut client, connection) = connect_http2(ATTACKER, address, 1).await;
    let mut accepted = Vec::new();
    for number in 0..12 {
        client = client.ready().await.expect("a stream");
        let (response, _) = client.send_request(get_http2("/medium"), true).expect("sent");
        let response = response.await.expect("a head");
        if number < 4 {
            assert_eq!(response.status(), 200);
            accepted.push(response);
        } else {
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "1");
        }
    }
    let (mut other, _connection) = connect_http2([127, 0, 0, 1], address, 1_000_000).await;
    let (response, _) = other.send_request(get_http2("/medium"), true).expect("sent");
    assert_eq!(response.await.expect("a head").status(), 200);
    connection.abort();
    drop(accepted);
    let served = async || {
        let (mut client, _connection) = connect_http2(ATTACKER, address, 1).await;
        let (response, _) = client.send_request(get_http2("/medium"), true).expect("sent");
        response.await.expect("a head").status() == 200
    };
    timeout(LONG, async {
        while !served().await {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the memory is returned");
}

#[tokio::test]
async fn too_many_headers_are_431_with_http2() {
    let address = start_server().await;
    let (mut client, _connection) = connect_http2([127, 0, 0, 1], address, 1024).await;
    for (count, status) in [(90, 200), (110, 431)] {
        client = client.ready().await.expect("a stream");
        let mut request = get_http2("/fast");
        for number in 0..count {
            let name = http::HeaderName::try_from(format!("x-{number}")).expect("a name");
            request.headers_mut().insert(name, http::HeaderValue::from_static("1"));
        }
        let (response, _) = client.send_request(request, true).expect("sent");
        assert_eq!(response.await.expect("a head").status(), status, "{count}");
    }
}

#[tokio::test]
async fn open_event_stream_occupies_no_limit_of_requests() {
    let address = start_event_server().await;
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(address, b"GET /events HTTP/1.1\r\nhost: shop\r\n\r\n").await;
        let (mut read, mut part) = (Vec::new(), [0; 1024]);
        while !String::from_utf8_lossy(&read).contains("data: 1") {
            let length = stream.read(&mut part).await.expect("an event");
            assert_ne!(length, 0, "closed after {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&part[..length]);
        }
        streams.push(stream);
    }
    read_response(&mut connect(address, REQUEST).await).await;
}
