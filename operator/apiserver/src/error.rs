//! What can go wrong between a test and its server.

use std::io;
use std::path::PathBuf;

/// What was tried and did not work.
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
    /// A folder or file of the server's.
    #[error("could not {0}")]
    File(&'static str, #[source] io::Error),
    /// A program that did not start at all.
    #[error("could not start {0}")]
    Spawn(String, #[source] io::Error),
    /// The server's certificate.
    #[error("could not make the server's certificate")]
    Certificate(#[from] rcgen::Error),
    /// The programs started, and the server never served.
    #[error("kube-apiserver did not serve ({cause}); the end of its log:\n{log}")]
    NotServing {
        /// What was the matter last.
        cause: String,
        /// The last lines of its log.
        log: String,
    },
    /// The start that all tests share failed.
    #[error("{0}")]
    Shared(String),
    /// A header value that is none.
    #[error("could not send the name in a header")]
    Header(#[from] http::header::InvalidHeaderValue),
    /// An address that is none.
    #[error("could not make the server's address")]
    Address(#[from] http::uri::InvalidUri),
    /// The server's answer.
    #[error("the API server refused")]
    Refused(#[from] kube::Error),
    /// Waiting for the server.
    #[error("could not watch for a change")]
    Wait(#[from] kube::runtime::wait::Error),
    /// A definition that is not served.
    #[error("the definition {0} was not served in time")]
    NotEstablished(String),
    /// An audit log line that is not what it should be.
    #[error("could not read the audit log")]
    Audit(#[from] serde_json::Error),
}
