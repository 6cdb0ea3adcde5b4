//! The errors that end the process.

use std::io;
use std::net::SocketAddr;

use thiserror::Error as ThisError;

/// An error that ends the process. All other failures are retried and reported with their object.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The lease is lost: another replica may be writing.
    #[error("leader lease lost: {0}")]
    LeaseLost(String),
    /// No API server is configured, inside or outside of a cluster.
    #[error("no Kubernetes API server is configured; set KUBECONFIG or run in a cluster")]
    NoCluster(#[source] kube::config::InferConfigError),
    /// The client cannot be created.
    #[error("cannot create the Kubernetes client")]
    Client(#[source] kube::Error),
    /// The address for metrics and health cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The signal handlers cannot be installed.
    #[error("cannot install the signal handlers")]
    Signals(#[source] io::Error),
    /// A task ended that must run as long as the process.
    #[error("{0} ended unexpectedly")]
    Ended(String),
}
