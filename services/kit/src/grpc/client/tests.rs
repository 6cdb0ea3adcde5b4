//! The client against real servers, some of which fail.

use super::Channel;
use super::target::ClientTarget;
use crate::Runtime;
use crate::context::{self, Context, RequestId};
use crate::grpc::status::retry_after_of;
use crate::grpc::testing::{TestServer, eventually, say, target, watch};
use crate::origin::Origin;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::{Code, Status};
use uuid::Uuid;

const READS: &[&str] = &["Say"];
const WRITES: &[&str] = &[];

fn channel(servers: &[&TestServer], reads: &'static [&'static str]) -> Channel {
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
    Channel::to_addresses(&addresses, &target(reads), &Runtime::for_tests())
}

/// An address without a listener.
async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}

/// A server that accepts connections and closes each one after the first bytes of a request.
async fn breaking_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            // Reads the preface, the settings and the request, until no more bytes arrive.
            let mut bytes = [0; 4096];
            let idle_timeout = Duration::from_millis(100);
            while matches!(timeout(idle_timeout, stream.read(&mut bytes)).await, Ok(Ok(1..))) {}
        }
    });
    (address, connections)
}

/// Calls until `stop` is set, and returns the number of calls and the failures.
async fn call_until(stop: Arc<AtomicBool>, channel: Channel) -> (usize, Vec<Status>) {
    let (mut calls, mut failures) = (0, Vec::new());
    while !stop.load(Ordering::SeqCst) {
        calls += 1;
        if let Err(status) = say(&channel, "").await {
            failures.push(status);
        }
    }
    (calls, failures)
}

/// Runs eight callers during `change` and asserts that none of them sees a failure.
async fn assert_no_failure_during(channel: Channel, change: impl Future<Output = ()>) {
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> =
        (0..8).map(|_| tokio::spawn(call_until(Arc::clone(&stop), channel.clone()))).collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    change.await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::SeqCst);
    let mut all_calls = 0;
    for caller in callers {
        let (calls, failures) = caller.await.expect("no panic");
        assert!(failures.is_empty(), "{} of {calls}: {:?}", failures.len(), failures[0]);
        all_calls += calls;
    }
    assert!(all_calls > 20, "the test made only {all_calls} calls");
}

#[tokio::test]
async fn calls_are_balanced_over_all_addresses() {
    let servers = ["a", "b", "c"].map(TestServer::start);
    let channel = channel(&servers.each_ref(), READS);
    let mut responses = BTreeMap::new();
    for _ in 0..30 {
        *responses.entry(say(&channel, "").await.expect("a response")).or_insert(0) += 1;
    }
    let expected = ["a", "b", "c"].map(|name| (name.to_owned(), 10));
    assert_eq!(responses, BTreeMap::from(expected));
}

#[tokio::test]
async fn call_without_addresses_fails_at_once() {
    let channel = channel(&[], READS);
    let start = Instant::now();
    let status = say(&channel, "").await.expect_err("there is no server");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(retry_after_of(&status).is_some());
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}

#[tokio::test]
async fn unresolvable_name_is_unavailable() {
    let url = "http://unknown.invalid:1".parse().expect("an address");
    let runtime = Runtime::for_tests();
    let channel = Channel::connect(&ClientTarget::new("unknown", url), &runtime);
    let status = say(&channel, "").await.expect_err("there is no server");
    assert_eq!(status.code(), Code::Unavailable);
    runtime.stop().await;
}

#[tokio::test]
async fn failed_call_triggers_another_lookup() {
    let address = closed_port().await;
    let url = format!("http://localhost:{}", address.port()).parse().expect("an address");
    let runtime = Runtime::for_tests();
    let hour = Duration::from_secs(3600);
    let channel = Channel::connect(&ClientTarget::new("late", url).refresh(hour), &runtime);
    let status = say(&channel, "").await.expect_err("the connection is refused");
    assert_eq!(status.code(), Code::Unavailable);
    let known = "grpc_client_endpoints{component=\"test\",target=\"late\"}";
    assert!(runtime.metrics().text().contains(known), "{}", runtime.metrics().text());
    runtime.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_fails_no_read() {
    let mut servers = ["a", "b"].map(TestServer::start);
    let channel = channel(&servers.each_ref(), READS);
    assert_no_failure_during(channel, async { servers[0].kill() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_server_fails_no_write() {
    let mut servers = ["a", "b"].map(TestServer::start);
    let channel = channel(&servers.each_ref(), WRITES);
    assert_no_failure_during(channel, async { servers[0].drain().await }).await;
}

#[tokio::test]
async fn refused_write_is_retried_at_another_address() {
    let server = TestServer::start("a");
    let addresses = [closed_port().await, server.address];
    let runtime = Runtime::for_tests();
    let channel = Channel::to_addresses(&addresses, &target(WRITES), &runtime);
    for _ in 0..10 {
        assert_eq!(say(&channel, "").await.expect("a response of the other server"), "a");
    }
    assert_eq!(server.started_calls(), 10);
}

#[tokio::test]
async fn broken_read_is_retried_and_broken_write_is_not() {
    for (reads, connections) in [(WRITES, 1), (READS, 2)] {
        let (address, accepted) = breaking_server().await;
        let channel = Channel::to_addresses(&[address], &target(reads), &Runtime::for_tests());
        let status = say(&channel, "").await.expect_err("the connection breaks");
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(accepted.load(Ordering::SeqCst), connections, "{reads:?}");
    }
}

#[tokio::test]
async fn status_of_the_server_is_returned_without_retry() {
    let server = TestServer::start("a");
    let status = say(&channel(&[&server], READS), "fail").await.expect_err("a failure");
    assert_eq!((status.code(), status.message()), (Code::NotFound, "requested"));
    assert_eq!(server.started_calls(), 1);
}

#[tokio::test]
async fn response_above_the_limit_is_an_internal_error() {
    let server = TestServer::start("a");
    let target = target(READS).deadline(Duration::from_secs(30));
    let channel = Channel::to_addresses(&[server.address], &target, &Runtime::for_tests());
    let much = say(&channel, "much").await.expect("a response");
    assert_eq!(much.len(), 8 * 1024 * 1024);
    let status = say(&channel, "too much").await.expect_err("the response is above the limit");
    assert_eq!((status.code(), status.message()), (Code::Internal, "the response is too large"));
}

#[tokio::test]
async fn call_ends_at_its_deadline() {
    let server = TestServer::start("a");
    let target = target(READS).deadline(Duration::from_millis(100));
    let runtime = Runtime::for_tests();
    let channel = Channel::to_addresses(&[server.address], &target, &runtime);
    let start = Instant::now();
    let status = say(&channel, "hang").await.expect_err("it hangs");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
    let counted = "grpc_client_requests_total{component=\"test\",target=\"echo\",\
                   rpc=\"test.v1.Echo/Say\",code=\"DEADLINE_EXCEEDED\"} 1\n";
    assert!(runtime.metrics().text().contains(counted), "{}", runtime.metrics().text());
}

#[tokio::test]
async fn call_inherits_deadline_id_and_origin_of_its_request() {
    let server = TestServer::start("a");
    let channel = channel(&[&server], READS);
    let millis = |text: String| text.parse::<u64>().expect("a number");
    let own = millis(say(&channel, "timeout").await.expect("a response"));
    assert!((4000..=5000).contains(&own), "the default is 5 s: {own}");

    let deadline = Some(tokio::time::Instant::now() + Duration::from_millis(800));
    let request_id = RequestId::parse("r-1").expect("an id");
    let origin = Origin::default();
    origin.set_actor(Uuid::from_u128(7));
    context::scope(Context { request_id, deadline, origin }, async {
        let left = millis(say(&channel, "timeout").await.expect("a response"));
        assert!((1..=800).contains(&left), "{left}");
        assert_eq!(say(&channel, "request id").await.expect("a response"), "r-1");
        let actor = Uuid::from_u128(7).to_string();
        assert_eq!(say(&channel, "actor").await.expect("a response"), actor);
    })
    .await;
}

#[tokio::test]
async fn stream_has_no_deadline() {
    let server = TestServer::start("a");
    let target = target(READS).deadline(Duration::from_millis(50));
    let channel = Channel::to_addresses(&[server.address], &target, &Runtime::for_tests());
    let mut stream = watch(&channel, "endless").await.expect("a stream");
    for _ in 0..2 {
        assert_eq!(stream.message().await.expect("a message").expect("two").text, "a");
    }
    let more = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(more.is_err(), "the stream stays open");
    drop(stream);
    let idle = "grpc_server_in_flight{component=\"echo\"} 0\n";
    eventually(|| server.runtime.metrics().text().contains(idle)).await;
}

#[tokio::test]
async fn stream_outlives_the_request_that_opened_it() {
    let server = TestServer::start("a");
    let channel = channel(&[&server], READS);
    let request = Context {
        request_id: RequestId::parse("r-1").expect("an id"),
        deadline: Some(tokio::time::Instant::now() + Duration::from_millis(300)),
        origin: Origin::default(),
    };
    let opening = watch(&channel, "endless");
    let mut stream = context::scope(request, opening).await.expect("a stream");
    for _ in 0..2 {
        assert_eq!(stream.message().await.expect("a message").expect("two").text, "a");
    }
    let more = timeout(Duration::from_millis(600), stream.message()).await;
    assert!(more.is_err(), "the stream stays open");
}
