//! The id of the cluster, which is part of the identity of databases on external servers.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use tokio::time::sleep;

use crate::apply::with_timeout;
use crate::backoff::{Backoff, with_jitter};
use crate::fault::FaultKind;

/// The namespace that every cluster has, and that is never created again: its uid identifies the
/// cluster.
const NAMESPACE: &str = "kube-system";

/// The backoff while the API server is unavailable.
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));

/// Refusals that are retried, for about ten seconds: a permission takes effect shortly after it was
/// granted.
const REFUSED_RETRIES: u32 = 5;

/// Returns the id of the cluster: the configured one, or else the uid of `kube-system`. Waits while
/// the API server is unavailable, and shortly for the permission. Returns `None` if the operator
/// may not read the namespace; then only Storefronts with an external PostgreSQL are affected.
pub(crate) async fn resolve(client: &Client, configured: &str) -> Option<String> {
    if !configured.is_empty() {
        return Some(configured.to_owned());
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut attempts = 0;
    loop {
        match with_timeout(namespaces.get_metadata(NAMESPACE)).await {
            Ok(namespace) => return namespace.metadata.uid,
            Err(fault) if fault.kind == FaultKind::Unavailable || attempts < REFUSED_RETRIES => {
                let error = fault.message;
                tracing::warn!(error, "cluster id not read; retrying");
            }
            Err(fault) => {
                let error = fault.message;
                tracing::error!(
                    error,
                    "cluster id unknown; external PostgreSQL is not provisioned"
                );
                return None;
            }
        }
        sleep(with_jitter(RETRY.delay(attempts), rand::random())).await;
        attempts += 1;
    }
}
