//! The server through a real port.

use crate::Runtime;
use crate::grpc::client::Channel;
use crate::grpc::status::retry_after_of;
use crate::grpc::testing::{TestServer, Text, eventually, say, say_response, target, text, watch};
use axum::body::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioExecutor;
use std::time::{Duration, Instant};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

fn channel(server: &TestServer) -> Channel {
    Channel::to_addresses(&[server.address], &target(&[]), &Runtime::for_tests())
}

fn raw_channel(server: &TestServer) -> tonic::transport::Channel {
    let address = format!("http://{}", server.address);
    tonic::transport::Endpoint::from_shared(address).expect("an address").connect_lazy()
}

#[tokio::test]
async fn rpc_is_counted_under_its_name() {
    let server = TestServer::start("a");
    assert_eq!(say(&channel(&server), "").await.expect("a response"), "a");
    let failed = say(&channel(&server), "fail").await.expect_err("a failure");
    assert_eq!((failed.code(), failed.message()), (Code::NotFound, "requested"));

    let rpc = "component=\"echo\",rpc=\"test.v1.Echo/Say\"";
    let counted = |code| format!("grpc_server_requests_total{{{rpc},code=\"{code}\"}} 1\n");
    let metrics = || server.runtime.metrics().text();
    eventually(|| metrics().contains(&counted("OK"))).await;
    eventually(|| metrics().contains(&counted("NOT_FOUND"))).await;
    assert!(metrics().contains(&format!("grpc_server_duration_seconds_count{{{rpc}}} 2\n")));
    assert!(metrics().contains("grpc_server_in_flight{component=\"echo\"} 0\n"));
}

#[tokio::test]
async fn unknown_path_is_unimplemented_and_has_no_label() {
    let server = TestServer::start("a");
    let mut grpc = tonic::client::Grpc::new(raw_channel(&server));
    for path in ["/test.v1.Echo/Invented", "/invented.v1.Service/Method"] {
        grpc.ready().await.expect("a connection");
        let codec = tonic_prost::ProstCodec::<Text, Text>::default();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
        let refused = grpc.unary(Request::new(text("")), path, codec).await;
        assert_eq!(refused.expect_err("no such RPC").code(), Code::Unimplemented);
    }
    let counted = "rpc=\"unknown\",code=\"UNIMPLEMENTED\"} 2\n";
    eventually(|| server.runtime.metrics().text().contains(counted)).await;
    assert!(!server.runtime.metrics().text().contains("nvented"));
}

/// A message that does not decode as [`Text`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Number {
    #[prost(int64, tag = "1")]
    value: i64,
}

#[tokio::test]
async fn undecodable_request_is_an_invalid_argument() {
    let server = TestServer::start("a");
    let mut grpc = tonic::client::Grpc::new(raw_channel(&server));
    grpc.ready().await.expect("a connection");
    let codec = tonic_prost::ProstCodec::<Number, Text>::default();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static("/test.v1.Echo/Say");
    let refused = grpc.unary(Request::new(Number { value: 7 }), path, codec).await;
    let refused = refused.expect_err("no text");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "the request is not a message of this RPC");
    let counted = "rpc=\"test.v1.Echo/Say\",code=\"INVALID_ARGUMENT\"} 1\n";
    eventually(|| server.runtime.metrics().text().contains(counted)).await;
}

#[tokio::test]
async fn request_id_is_accepted_or_generated_and_returned() {
    let server = TestServer::start("a");
    let call = async |id: Option<&'static str>| {
        let mut request = Request::new(text("request id"));
        if let Some(id) = id {
            request.metadata_mut().insert("x-request-id", id.parse().expect("ASCII"));
        }
        let response = say_response(&channel(&server), request).await.expect("a response");
        let returned = response.metadata().get("x-request-id").expect("a request id");
        let returned = returned.to_str().expect("ASCII").to_owned();
        assert_eq!(
            response.into_inner().text,
            returned,
            "the handler and the caller see the same id"
        );
        returned
    };
    assert_eq!(call(Some("my-id.1")).await, "my-id.1");
    for id in [None, Some("not an id"), Some("")] {
        let generated = call(id).await;
        assert_eq!(generated.len(), 36, "{id:?} became {generated}");
    }
}

#[tokio::test]
async fn panic_is_internal_and_the_server_continues() {
    let server = TestServer::start("a");
    let channel = channel(&server);
    let status = say(&channel, "panic").await.expect_err("a panic");
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));

    let mut stream = watch(&channel, "panic").await.expect("a stream");
    let status = loop {
        match stream.message().await {
            Ok(message) => assert!(message.is_some(), "the stream ended without an error"),
            Err(status) => break status,
        }
    };
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
    assert_eq!(say(&channel, "").await.expect("a response"), "a");
}

/// A call that is cancelled after its headers looks the same to the server.
#[tokio::test]
async fn call_without_a_message_is_the_callers_mistake() {
    let server = TestServer::start("a");
    assert_eq!(http2_call(&server, "5S", b"").await, Code::InvalidArgument);
    let counted = "rpc=\"test.v1.Echo/Say\",code=\"INVALID_ARGUMENT\"} 1\n";
    eventually(|| server.runtime.metrics().text().contains(counted)).await;
}

/// Calls `Say` with a plain HTTP/2 client. Returns the status in the headers of the response.
async fn http2_call(server: &TestServer, timeout: &str, body: &'static [u8]) -> Code {
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Full<Bytes>>();
    let request = http::Request::post(format!("http://{}/test.v1.Echo/Say", server.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", timeout)
        .body(Full::from(body))
        .expect("a request");
    let response = client.request(request).await.expect("a response");
    Code::from_bytes(response.headers()["grpc-status"].as_bytes())
}

#[tokio::test]
async fn callers_deadline_cancels_the_handler() {
    let server = TestServer::start("a");
    let start = Instant::now();
    // gRPC clients enforce the timeout themselves.
    let code = http2_call(&server, "50m", b"\0\0\0\0\x07\x0a\x05sleep").await;
    assert_eq!(code, Code::DeadlineExceeded);
    assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(
        (server.started_calls(), server.completed_calls()),
        (1, 0),
        "the handler was dropped"
    );
}

#[tokio::test]
async fn caller_that_disconnects_is_counted_as_cancelled() {
    let server = TestServer::start("a");
    let channel = channel(&server);
    let call = tokio::spawn(async move { say(&channel, "hang").await });
    eventually(|| server.started_calls() == 1).await;
    call.abort();
    let counted = "rpc=\"test.v1.Echo/Say\",code=\"CANCELLED\"} 1\n";
    eventually(|| server.runtime.metrics().text().contains(counted)).await;
    assert!(server.runtime.metrics().text().contains("in_flight{component=\"echo\"} 0\n"));
}

#[tokio::test]
async fn rpcs_above_the_limit_are_shed_with_a_retry_delay() {
    let server = TestServer::configured("a", |server| server.max_in_flight(1));
    let channel = channel(&server);
    let busy = tokio::spawn({
        let channel = channel.clone();
        async move { say(&channel, "sleep").await }
    });
    eventually(|| server.started_calls() == 1).await;
    let status = say(&channel, "").await.expect_err("the limit is one");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(retry_after_of(&status).is_some());
    busy.await.expect("no panic").expect("a response");
    eventually(|| server.completed_calls() == 1).await;
    assert_eq!(say(&channel, "").await.expect("a free permit"), "a");
}

#[tokio::test]
async fn streams_have_a_limit_of_their_own() {
    let server = TestServer::configured("a", |server| server.max_in_flight(1).max_open_streams(2));
    let channel = channel(&server);
    let first = watch(&channel, "endless").await.expect("a stream");
    let second = watch(&channel, "endless").await.expect("a stream");
    let refused = watch(&channel, "endless").await.expect_err("the limit is two");
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(retry_after_of(&refused).is_some());
    assert_eq!(say(&channel, "").await.expect("streams occupy no permit"), "a");
    drop(first);
    let gauge = "grpc_server_in_flight{component=\"echo\"} 1\n";
    eventually(|| server.runtime.metrics().text().contains(gauge)).await;
    watch(&channel, "endless").await.expect("a free permit");
    drop(second);
}

#[tokio::test]
async fn drain_completes_calls_ends_streams_and_refuses_new_calls() {
    let mut server = TestServer::start("a");
    let channel = channel(&server);
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { say(&channel, "sleep").await }
    });
    let mut stream = watch(&channel, "endless").await.expect("a stream");
    assert!(stream.message().await.expect("a message").is_some());
    eventually(|| server.started_calls() == 2).await;

    let start = Instant::now();
    server.drain().await;
    assert!(start.elapsed() < Duration::from_secs(5), "the stream delayed the shutdown");
    assert_eq!(call.await.expect("no panic").expect("a completed call"), "a");
    assert!(stream.message().await.expect("a message").is_some());
    let ended = stream.message().await.expect_err("the stream ends");
    assert_eq!(ended.code(), Code::Unavailable);
    assert_eq!(say(&channel, "").await.expect_err("closed").code(), Code::Unavailable);
}

#[tokio::test]
async fn health_reports_every_service_and_the_drain() {
    let mut server = TestServer::start("a");
    let mut health = HealthClient::new(raw_channel(&server));
    let mut check = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        health.check(request).await.map(|response| response.into_inner().status().as_str_name())
    };
    assert_eq!(check("").await.expect("known"), "SERVING");
    assert_eq!(check("test.v1.Echo").await.expect("known"), "SERVING");
    assert_eq!(check("other").await.expect_err("unknown").code(), Code::NotFound);

    let mut watcher = HealthClient::new(raw_channel(&server));
    let request = HealthCheckRequest { service: "test.v1.Echo".to_owned() };
    let mut watched = watcher.watch(request).await.expect("a stream").into_inner();
    watched.message().await.expect("a message").expect("serving");
    server.drain().await;
    let last = watched.message().await.expect("a message").expect("not serving");
    assert_eq!(last.status().as_str_name(), "NOT_SERVING");
}

#[tokio::test]
async fn reflection_lists_the_services_in_both_versions() {
    let server = TestServer::start("a");
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "test.v1.Echo",
    ];

    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(raw_channel(&server));
    let responses = client.server_reflection_info(futures::stream::iter([request])).await;
    let response = responses.expect("a stream").into_inner().message().await.expect("a message");
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        response.and_then(|response| response.message_response)
    else {
        panic!("no list")
    };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(names, expected);

    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(raw_channel(&server));
    let responses = client.server_reflection_info(futures::stream::iter([request])).await;
    let response = responses.expect("a stream").into_inner().message().await.expect("a message");
    let Some(v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        response.and_then(|response| response.message_response)
    else {
        panic!("no list")
    };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(names, expected);
}
