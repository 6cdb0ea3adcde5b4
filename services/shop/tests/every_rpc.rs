//! Fuzz test of every RPC of every service: each request gets a response or a client error, never
//! an internal error, and the service keeps running.
//!
//! Requests are generated from the descriptors, so that a new RPC or field is covered without a
//! change here. `FUZZ_SEED` repeats a run (a failure prints its seed), `FUZZ_REQUESTS` is the
//! number of requests to each RPC.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod fuzz;
mod support;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::time::Duration;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use fuzz::codec::BytesCodec;
use fuzz::requests::RequestGenerator;
use support::{ShopProcess, data_folder};

/// The longest wait for the first message of a stream; a stream may have none.
const STREAM_TIMEOUT: Duration = Duration::from_millis(200);

fn number_from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Returns the HTTP/2 path of a method.
fn path(method: &MethodDescriptor) -> http::uri::PathAndQuery {
    let service = method.parent_service().full_name();
    format!("/{service}/{}", method.name()).parse().expect("a path")
}

async fn call(channel: &Channel, method: &MethodDescriptor, body: Vec<u8>) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("a connection");
    let request = Request::new(body);
    if !method.is_server_streaming() {
        return client.unary(request, path(method), BytesCodec).await.map(drop);
    }
    let response = client.server_streaming(request, path(method), BytesCodec).await?;
    match timeout(STREAM_TIMEOUT, response.into_inner().message()).await {
        Ok(message) => message.map(drop),
        Err(_) => Ok(()),
    }
}

/// Returns whether the result is a response or the caller's error. UNAVAILABLE and
/// DEADLINE_EXCEEDED would be caused by the environment, which has no fault here; all other codes
/// are defects of the service.
fn is_allowed(result: &Result<(), Status>) -> bool {
    let Err(status) = result else { return true };
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::ResourceExhausted
            // Messages of more than 4 MiB.
            | Code::OutOfRange
    )
}

/// Sends `count` requests to a method and returns the defects.
async fn fuzz_method(
    channel: &Channel,
    method: &MethodDescriptor,
    requests: &mut RequestGenerator,
    count: u64,
) -> Vec<String> {
    let mut defects = Vec::new();
    for index in 0..count {
        let request = requests.request(&method.input(), index);
        let result = call(channel, method, prost::Message::encode_to_vec(&request)).await;
        if !is_allowed(&result) {
            let excerpt: String = request.to_string().chars().take(600).collect();
            defects.push(format!("{}: {result:?}\n  {excerpt}", method.full_name()));
        }
    }
    defects
}

/// Returns the first errors of the shop's log.
fn logged_errors(log: &str) -> String {
    log.lines().filter(|line| line.contains("\"ERROR\"")).take(20).collect::<Vec<_>>().join("\n")
}

#[test]
fn random_requests_cause_no_internal_errors() {
    let seed = number_from_env("FUZZ_SEED", 1);
    let count = number_from_env("FUZZ_REQUESTS", 60);
    let (_temp, data) = data_folder();
    let settings = [("BCRYPT_COST", "4"), ("SIMULATOR_LATE_ANSWER", "10ms")];
    let shop = ShopProcess::start_with(&data, &settings);
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut called = 0;
    let mut defects = Vec::new();
    for service in pool.services() {
        let Some(address) = shop.service_address(service.full_name()) else { continue };
        let mut requests = RequestGenerator::new(StdRng::seed_from_u64(seed));
        runtime.block_on(async {
            let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
            for method in service.methods() {
                defects.extend(fuzz_method(&channel, &method, &mut requests, count).await);
                called += 1;
            }
            let malformed = call(&channel, &service.methods().next().unwrap(), vec![0xff; 7]).await;
            let code = malformed.unwrap_err().code();
            if code != Code::InvalidArgument {
                defects.push(format!("{}: malformed message: {code:?}", service.full_name()));
            }
        });
    }
    assert!(called > 40, "only {called} RPCs were called");
    let errors = logged_errors(&shop.log());
    assert!(defects.is_empty(), "seed {seed}:\n{}\n{errors}", defects.join("\n"));
    assert!(shop.stop().success(), "the shop did not shut down gracefully");
}
