//! User service that confirms every session, for gateways with a catalog alone.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use proto::user::v1::VerifySessionResponse;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;

/// Starts the service, whose accounts all have this role, and returns its address.
pub(crate) async fn start(role: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().route(
        "/user.v1.UserService/VerifySession",
        post(move || async move { confirm_session(role) }),
    );
    let server = Server::builder().add_routes(Routes::from(router));
    let serving = server.serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(async { serving.await.expect("the fake serves") });
    address
}

/// Encodes the response as gRPC: a frame without compression, and the status as a trailer.
fn confirm_session(role: &str) -> http::Response<Body> {
    let message = VerifySessionResponse { active: true, role: role.to_owned() }.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    let frame = [&[0], &length.to_be_bytes()[..], &message].concat();
    let status = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::from(frame).with_trailers(async { Some(Ok(status)) });
    let response = http::Response::builder().header("content-type", "application/grpc");
    response.body(Body::new(body)).expect("a response")
}
