//! Why the operator cannot go on.

use std::io;
use std::net::SocketAddr;

use thiserror::Error as ThisError;

/// What ends the process. Everything else is retried and told where it belongs.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The lease is gone: another replica may be writing.
    #[error("the leader lease was lost: {0}")]
    LeaseLost(String),
    /// No API server is configured, inside or outside of a cluster.
    #[error("no Kubernetes API server is configured")]
    NoCluster(#[source] kube::config::InferConfigError),
    /// The client cannot be built.
    #[error("the Kubernetes client cannot be built")]
    Client(#[source] kube::Error),
    /// The address for metrics and health cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The signal handlers cannot be installed.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// A part that runs for as long as the process has ended.
    #[error("{0} ended")]
    Ended(String),
}
