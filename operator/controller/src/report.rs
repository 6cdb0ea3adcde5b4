//! Reports the result of a reconcile: the status, the event and the gauge.

use std::time::Instant;

use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use storefront_api::names::MANAGER;

use crate::apply;
use crate::backoff::with_jitter;
use crate::decide::Report;
use crate::fault::Fault;
use crate::object_key::ObjectKey;
use crate::observe::{ObservedStorefront, StorefrontObject, storefront_resource};
use crate::operator::Operator;

/// Writes the status if it changed, publishes the event, sets the gauge, and requeues the
/// Storefront for when a retry or a delayed report is due.
pub async fn report(operator: &Operator, key: &ObjectKey, report: Report) {
    let Report { uid, patch, event, ready, mut requeue_at } = report;
    operator.state.metrics.set_storefront_ready(key, ready);
    if let Some(patch) = patch {
        let written = patch_status(operator, key, &uid, patch).await;
        let retry_at = operator.state.index(|index| {
            let state = index.get_mut(key)?;
            match written {
                Ok(observed) => {
                    state.status_written(observed);
                    None
                }
                Err(fault) => {
                    let attempts = state.status_backoff.map_or(0, |(attempts, _)| attempts + 1);
                    let delay = with_jitter(fault.kind.delay(attempts), rand::random());
                    let retry_at = Instant::now() + delay;
                    state.status_backoff = Some((attempts, retry_at));
                    let error = fault.message;
                    tracing::warn!(storefront = %key, error, "status not written; retried later");
                    Some(retry_at)
                }
            }
        });
        match retry_at {
            Some(_) => requeue_at = requeue_at.into_iter().chain(retry_at).min(),
            None => {
                if let Some(event) = event {
                    tracing::info!(
                        storefront = %key, reason = event.reason, message = event.message,
                        "status changed"
                    );
                    operator.recorder.publish(key, &uid, event).await;
                }
            }
        }
    }
    if let Some(at) = requeue_at {
        operator.state.queue.push_at(key.clone(), at);
    }
}

/// Patches the status. The uid makes the patch conditional: another Storefront of the same name
/// keeps its own status.
async fn patch_status(
    operator: &Operator,
    key: &ObjectKey,
    uid: &str,
    status: Value,
) -> Result<ObservedStorefront, Fault> {
    let resource = storefront_resource();
    let api: Api<StorefrontObject> =
        Api::namespaced_with(operator.client.clone(), &key.namespace, &resource);
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(json!({ "metadata": { "uid": uid }, "status": status }));
    let object = apply::with_timeout(api.patch_status(&key.name, &params, &patch)).await?;
    Ok(ObservedStorefront::from_object(object))
}
