//! Every RPC of every service, asked with whatever a message can hold: an answer or a refusal, never a
//! defect, and the service lives on.
//!
//! Requests are made from the descriptors, so that a new RPC or field is asked without a line here.
//! `FUZZ_SEED` repeats a run (a failure tells its seed), `FUZZ_REQUESTS` is how many an RPC gets.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod codec;
mod requests;
#[path = "../support/shop.rs"]
mod shop;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::time::Duration;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use codec::Raw;
use requests::Requests;
use shop::{Shop, folder};

/// Streams answer for as long as somebody listens; nobody here listens longer.
const LISTEN: Duration = Duration::from_millis(200);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// A path of the descriptors, as HTTP/2 has it.
fn path(method: &MethodDescriptor) -> http::uri::PathAndQuery {
    let service = method.parent_service().full_name();
    format!("/{service}/{}", method.name()).parse().expect("a path")
}

async fn ask(channel: &Channel, method: &MethodDescriptor, body: Vec<u8>) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("a connection");
    let request = Request::new(body);
    if !method.is_server_streaming() {
        return client.unary(request, path(method), Raw).await.map(drop);
    }
    let answer = client.server_streaming(request, path(method), Raw).await?;
    match timeout(LISTEN, answer.into_inner().message()).await {
        Ok(message) => message.map(drop),
        Err(_) => Ok(()),
    }
}

/// What a service may say to a request that makes no sense. Of the rest, UNAVAILABLE and
/// DEADLINE_EXCEEDED would be the surroundings' fault, and there is none here; all others are defects.
fn is_sound(answer: &Result<(), Status>) -> bool {
    let Err(status) = answer else { return true };
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

async fn ask_all(
    channel: &Channel,
    method: &MethodDescriptor,
    requests: &mut Requests,
    count: u64,
) -> Vec<String> {
    let mut defects = Vec::new();
    for n in 0..count {
        let request = requests.of(&method.input(), n);
        let answer = ask(channel, method, prost::Message::encode_to_vec(&request)).await;
        if !is_sound(&answer) {
            let shown: String = request.to_string().chars().take(600).collect();
            defects.push(format!("{}: {answer:?}\n  {shown}", method.full_name()));
        }
    }
    defects
}

/// What the shop said of its own defects.
fn errors(log: &str) -> String {
    log.lines().filter(|line| line.contains("\"ERROR\"")).take(20).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_rpc_answers_or_refuses_whatever_it_is_asked() {
    let seed = number("FUZZ_SEED", 1);
    let count = number("FUZZ_REQUESTS", 60);
    let (_temp, data) = folder();
    let shop = Shop::open_with(&data, &[("BCRYPT_COST", "4"), ("SIMULATOR_LATE_ANSWER", "10ms")]);
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut asked = 0;
    let mut defects = Vec::new();
    for service in pool.services() {
        let Some(address) = shop.address_of(service.full_name()) else { continue };
        let mut requests = Requests::new(StdRng::seed_from_u64(seed));
        runtime.block_on(async {
            let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
            for method in service.methods() {
                defects.extend(ask_all(&channel, &method, &mut requests, count).await);
                asked += 1;
            }
            let broken = ask(&channel, &service.methods().next().unwrap(), vec![0xff; 7]).await;
            let code = broken.unwrap_err().code();
            if code != Code::InvalidArgument {
                defects.push(format!("{}: what is no message: {code:?}", service.full_name()));
            }
        });
    }
    assert!(asked > 40, "only {asked} RPCs were asked");
    assert!(defects.is_empty(), "seed {seed}:\n{}\n{}", defects.join("\n"), errors(&shop.log()));
    assert!(shop.close().success(), "it does not end in order");
}
