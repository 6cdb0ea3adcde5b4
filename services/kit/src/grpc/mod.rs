//! gRPC as every service speaks it: the [`Server`], the balancing [`client`], TLS between the two
//! ([`TlsArgs`]), and [`status`]es that say what went wrong.

mod body;
mod call;
pub mod client;
mod deadline;
mod methods;
mod server;
#[cfg(test)]
mod server_tests;
pub mod status;
#[cfg(test)]
mod testing;
mod tls;

pub use server::Server;
pub(crate) use tls::Tls;
pub use tls::TlsArgs;

/// Name of a code as it appears in logs and metrics, as in the gRPC documents.
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
