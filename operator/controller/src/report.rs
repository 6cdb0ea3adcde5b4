//! Telling people: the status, the event, the gauge.

use std::time::Instant;

use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use storefront_api::names::MANAGER;

use crate::apply;
use crate::decide::Report;
use crate::fault::Fault;
use crate::key::Key;
use crate::observe::{StorefrontObject, StorefrontRow, storefront_resource};
use crate::operator::Operator;

/// Tells what there is to tell, and sees to it that the Storefront is looked at again in time.
pub async fn report(operator: &Operator, key: &Key, report: Report) {
    let Report { uid, patch, notice, ready, mut look_again } = report;
    operator.state.metrics.ready(key, ready);
    if let Some(patch) = patch {
        let written = patch_status(operator, key, &uid, patch).await;
        let retry_at = operator.state.index(|index| {
            let shop = index.shop_mut(key)?;
            match written {
                Ok(row) => {
                    shop.status_written(row);
                    None
                }
                Err(fault) => {
                    let attempts = shop.status_trouble.map_or(0, |(tries, _)| tries + 1);
                    let retry_at = Instant::now() + fault.kind.delay(attempts);
                    shop.status_trouble = Some((attempts, retry_at));
                    tracing::warn!(storefront = %key, error = fault.message, "no status written");
                    Some(retry_at)
                }
            }
        });
        match retry_at {
            Some(_) => look_again = look_again.into_iter().chain(retry_at).min(),
            None => {
                if let Some(notice) = notice {
                    tracing::info!(
                        storefront = %key, reason = notice.reason, message = notice.message,
                        "status changed"
                    );
                    operator.teller.tell(key, &uid, notice).await;
                }
            }
        }
    }
    if let Some(at) = look_again {
        operator.state.queue.push_at(key.clone(), at);
    }
}

/// The uid makes it a conditional write: another Storefront of the same name keeps its own status.
async fn patch_status(
    operator: &Operator,
    key: &Key,
    uid: &str,
    status: Value,
) -> Result<StorefrontRow, Fault> {
    let resource = storefront_resource();
    let api: Api<StorefrontObject> =
        Api::namespaced_with(operator.client.clone(), &key.namespace, &resource);
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(json!({ "metadata": { "uid": uid }, "status": status }));
    let object = apply::within(api.patch_status(&key.name, &params, &patch)).await?;
    Ok(StorefrontRow::from_object(object))
}
