//! The errors of starting and using the server.

use std::io;
use std::path::PathBuf;

/// An error of starting or using the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is missing.
    #[error(
        "{} does not contain etcd and kube-apiserver: correct or unset KUBEBUILDER_ASSETS",
        .0.display()
    )]
    NoAssets(PathBuf),
    /// The programs could not be built.
    #[error(
        "could not build etcd and kube-apiserver (the reason is above): set KUBEBUILDER_ASSETS to \
         a folder that contains them, such as one of setup-envtest"
    )]
    BuildAssets,
    /// An operation on a folder or file of the server failed.
    #[error("could not {0}")]
    File(&'static str, #[source] io::Error),
    /// A program could not be started.
    #[error("could not start {0}")]
    Spawn(String, #[source] io::Error),
    /// The server's certificate could not be generated.
    #[error("could not generate the server's certificate")]
    Certificate(#[from] rcgen::Error),
    /// The programs started, but the server did not become ready in time.
    #[error("kube-apiserver did not become ready ({cause}); the end of its log:\n{log}")]
    NotServing {
        /// The last failure of the readiness probe.
        cause: String,
        /// The last lines of the server's log.
        log: String,
    },
    /// The start of the shared server failed.
    #[error("{0}")]
    Shared(String),
    /// A name is not a valid header value.
    #[error("the name is not a valid header value")]
    Header(#[from] http::header::InvalidHeaderValue),
    /// The server's address is invalid.
    #[error("could not build the server's address")]
    Address(#[from] http::uri::InvalidUri),
    /// The API server rejected a request.
    #[error("the API server rejected the request")]
    Refused(#[from] kube::Error),
    /// Waiting for a change on the server failed.
    #[error("could not watch for a change")]
    Wait(#[from] kube::runtime::wait::Error),
    /// A definition was not established in time.
    #[error("the definition {0} was not established in time")]
    NotEstablished(String),
    /// An audit log line could not be parsed.
    #[error("could not parse the audit log")]
    Audit(#[from] serde_json::Error),
}
