//! gRPC for every service: the [`Server`], the load-balancing [`client`], mutual TLS between them
//! ([`TlsArgs`]), and [`status`]es with machine-readable details.

mod body;
pub mod client;
mod deadline;
mod layer;
mod methods;
mod served_rpc;
mod server;
pub mod status;
#[cfg(test)]
mod testing;
mod tls;

pub use server::Server;
pub(crate) use tls::Tls;
pub use tls::TlsArgs;

/// The name of a code in logs and metrics, as in the gRPC documentation.
fn code_name(code: tonic::Code) -> &'static str {
    use tonic::Code;
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
