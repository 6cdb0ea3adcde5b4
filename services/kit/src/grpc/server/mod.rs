//! The gRPC server of a component, with graceful shutdown.

use super::layer::{RpcLayer, RpcLimits};
use super::methods::Methods;
use crate::{Error, Runtime, net};
use axum::response::IntoResponse;
use http::Request;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

#[cfg(test)]
mod tests;

/// Maximum number of unary RPCs in flight; further ones are shed with UNAVAILABLE. A pod has five
/// database connections, so beyond a few hundred RPCs the callers' deadlines would pass in a queue.
const MAX_IN_FLIGHT: usize = 512;

/// Maximum number of open response streams, which are idle most of the time; further ones are shed
/// with UNAVAILABLE. A service whose streams need more memory has a smaller limit of its own.
const MAX_OPEN_STREAMS: usize = 2048;

/// Longest deadline of a unary RPC. A longer deadline of the caller is reduced to it.
const MAX_DEADLINE: Duration = Duration::from_secs(30);

/// Maximum number of concurrent HTTP/2 streams on one connection.
const MAX_STREAMS: u32 = 256;

/// Maximum size of the headers of one request, in bytes.
const MAX_HEADER_BYTES: u32 = 16 * 1024;

/// Interval of HTTP/2 keep-alive pings on a silent connection, and the timeout of their reply.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// A gRPC server with everything around the services: health, reflection, deadlines, request ids,
/// traces, one log line and metrics per RPC, load shedding, and panic handling.
///
/// Streams end with UNAVAILABLE when the process drains; their callers reopen them on another
/// server. The server uses TLS when the process has it as a setting ([`super::TlsArgs`]).
#[derive(Debug)]
#[must_use = "a server does nothing until it serves"]
pub struct Server {
    runtime: Runtime,
    listen: Listen,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    descriptors: Vec<Vec<u8>>,
    max_in_flight: usize,
    max_open_streams: usize,
}

#[derive(Debug)]
enum Listen {
    Address(SocketAddr),
    Bound(TcpListener),
}

impl Server {
    /// A server that binds the address `listen` when it starts to serve.
    pub fn new(runtime: &Runtime, listen: SocketAddr) -> Self {
        Self::with(runtime, Listen::Address(listen))
    }

    /// A server on a bound listener, such as a test's on port 0.
    pub fn from_listener(runtime: &Runtime, listener: TcpListener) -> Self {
        Self::with(runtime, Listen::Bound(listener))
    }

    fn with(runtime: &Runtime, listen: Listen) -> Self {
        Self {
            runtime: runtime.clone(),
            listen,
            routes: Routes::builder(),
            names: Vec::new(),
            descriptors: Vec::new(),
            max_in_flight: MAX_IN_FLIGHT,
            max_open_streams: MAX_OPEN_STREAMS,
        }
    }

    /// Adds the encoded `FileDescriptorSet` of the services, for reflection and for the names of
    /// their RPCs.
    pub fn descriptors(mut self, encoded: &[u8]) -> Self {
        self.descriptors.push(encoded.to_vec());
        self
    }

    /// Sets the maximum number of unary RPCs in flight, 512 by default; further ones are shed with
    /// UNAVAILABLE.
    pub fn max_in_flight(mut self, max_in_flight: usize) -> Self {
        self.max_in_flight = max_in_flight;
        self
    }

    /// Sets the maximum number of open response streams, 2,048 by default; further ones are shed
    /// with UNAVAILABLE.
    pub fn max_open_streams(mut self, max_open_streams: usize) -> Self {
        self.max_open_streams = max_open_streams;
        self
    }

    /// Adds a service.
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: tower::Service<Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// Serves until the process drains and the RPCs in flight have completed.
    ///
    /// # Errors
    /// When the address cannot be bound, or the descriptors cannot be decoded.
    pub async fn serve(self) -> Result<(), Error> {
        let limits = RpcLimits {
            in_flight: self.max_in_flight,
            open_streams: self.max_open_streams,
            deadline: MAX_DEADLINE,
        };
        let Self { runtime, listen, mut routes, names, mut descriptors, .. } = self;
        let (health, health_service) = tonic_health::server::health_reporter();
        for name in &names {
            health.set_service_status(name, ServingStatus::Serving).await;
        }
        routes.add_service(health_service);
        descriptors.extend(COMMON_DESCRIPTORS.map(<[u8]>::to_vec));
        add_reflection(&mut routes, &names, &descriptors)?;

        let mut methods = Methods::default();
        for encoded in &descriptors {
            methods.add(encoded)?;
        }

        let incoming =
            TcpIncoming::from(listen.open(runtime.name()).await?).with_nodelay(Some(true));
        runtime.readiness(runtime.name()).open();
        let layer = RpcLayer::new(&runtime, methods, limits);
        let closing = layer.closing();
        let draining = runtime.clone();
        let shutdown = async move {
            drained(&draining, health, names).await;
            closing.cancel();
        };
        let router = tonic::transport::Server::builder()
            .max_concurrent_streams(MAX_STREAMS)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .http2_keepalive_interval(Some(KEEP_ALIVE.0))
            .http2_keepalive_timeout(Some(KEEP_ALIVE.1))
            .layer(layer)
            .add_routes(routes.routes().prepare());
        let served = match runtime.tls() {
            Some(tls) => {
                let incoming = tls.incoming(incoming, &runtime);
                router.serve_with_incoming_shutdown(incoming, shutdown).await
            }
            None => router.serve_with_incoming_shutdown(incoming, shutdown).await,
        };
        served.map_err(Error::Grpc)
    }
}

impl Listen {
    async fn open(self, component: &'static str) -> Result<TcpListener, Error> {
        match self {
            Self::Bound(listener) => Ok(listener),
            Self::Address(address) => net::listen(component, "gRPC", address).await,
        }
    }
}

/// Waits until the process drains and the HTTP servers of the process, which may still call this
/// server, have completed their requests. The health status becomes NOT_SERVING first.
async fn drained(runtime: &Runtime, health: HealthReporter, names: Vec<&'static str>) {
    runtime.draining().await;
    for name in names.into_iter().chain([""]) {
        health.set_service_status(name, ServingStatus::NotServing).await;
    }
    runtime.http_servers_drained().await;
}

/// The services of every server besides its own, as reflection lists them.
const COMMON_SERVICES: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// The descriptors of these services and of the error details, so that grpcurl can show them.
const COMMON_DESCRIPTORS: [&[u8]; 4] = [
    tonic_health::pb::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    tonic_types::pb::FILE_DESCRIPTOR_SET,
];

/// Adds reflection of the services of this server only, in both versions that clients use.
fn add_reflection(
    routes: &mut RoutesBuilder,
    names: &[&'static str],
    descriptors: &[Vec<u8>],
) -> Result<(), Error> {
    let builder = || {
        let mut builder =
            tonic_reflection::server::Builder::configure().include_reflection_service(false);
        for encoded in descriptors {
            builder = builder.register_encoded_file_descriptor_set(encoded);
        }
        let names = names.iter().chain(&COMMON_SERVICES);
        names.fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let invalid = |error: tonic_reflection::server::Error| Error::Descriptors(error.into());
    routes.add_service(builder().build_v1().map_err(invalid)?);
    routes.add_service(builder().build_v1alpha().map_err(invalid)?);
    Ok(())
}
