//! Measures the memory of the managed Redis servers, for a metric and the condition
//! `CacheMemoryPressure`.
//!
//! The operator does not connect to Redis, whose password it does not read. The pods of `cart`
//! measure it and serve the result with their metrics, on the admin port. The headless Service of
//! `cart` resolves to these pods. A measurement causes no request to the API server, unless the
//! condition changes.

mod exposition;
mod pressure;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use storefront_api::component::{ADMIN_PORT, Component};
use storefront_api::datastores::Mode;
use storefront_api::names;
use tokio::time::{MissedTickBehavior, interval, timeout};

pub use exposition::MemoryUse;
pub use pressure::is_under_pressure;

use crate::object_key::ObjectKey;
use crate::state::State;

/// The time between two measurements of a Storefront. Carts fill Redis over hours.
const PERIOD: Duration = Duration::from_secs(60);
/// The timeout of one measurement.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The number of measurements at the same time. A name that does not resolve occupies a thread
/// until its timeout, so this also bounds the threads.
const MAX_CONCURRENT: usize = 16;
/// The maximum size of the metrics of a pod, in bytes; they normally have some 30 KB.
const MAX_BYTES: usize = 1 << 20;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Returns the URL of the metrics of a Storefront's `cart`, as the operator's pod resolves it.
#[must_use]
pub fn metrics_url(key: &ObjectKey) -> String {
    let service = names::component(&key.name, Component::Cart);
    format!("http://{service}.{}.svc:{ADMIN_PORT}/metrics", key.namespace)
}

/// Measures all Storefronts with a managed Redis, once per minute, forever. A Storefront whose pods
/// do not respond keeps its last result and delays no reconcile.
pub async fn run(state: Arc<State>, url_of: impl Fn(&ObjectKey) -> String) {
    let client = Client::builder(TokioExecutor::new())
        // The next measurement is long after.
        .pool_max_idle_per_host(0)
        .build_http();
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        measure_all(&client, &state, &url_of).await;
    }
}

async fn measure_all(
    client: &Client<HttpConnector, Empty<Bytes>>,
    state: &State,
    url_of: &impl Fn(&ObjectKey) -> String,
) {
    let measurements = keys(state).into_iter().map(|key| async move {
        let response = timeout(TIMEOUT, measure(client, url_of(&key))).await;
        match response.map_err(BoxError::from).flatten() {
            Ok(memory) => record(state, &key, memory),
            Err(error) => {
                tracing::debug!(storefront = %key, error, "memory of Redis not measured");
            }
        }
    });
    stream::iter(measurements).buffer_unordered(MAX_CONCURRENT).collect::<()>().await;
}

/// Returns the Storefronts that run a managed Redis.
fn keys(state: &State) -> Vec<ObjectKey> {
    state.index(|index| {
        let running = index.storefronts().filter(|(_, observed)| {
            observed.parsed.as_ref().is_ok_and(|storefront| {
                storefront.spec.redis.mode == Mode::Managed && !storefront.spec.suspend
            })
        });
        running.map(|(key, _)| key.clone()).collect()
    })
}

async fn measure(
    client: &Client<HttpConnector, Empty<Bytes>>,
    url: String,
) -> Result<MemoryUse, BoxError> {
    let request = Request::get(url).body(Empty::new())?;
    let response = client.request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("the metrics were answered with {}", response.status()).into());
    }
    let body = Limited::new(response.into_body(), MAX_BYTES).collect().await?.to_bytes();
    exposition::parse(&String::from_utf8_lossy(&body))
        .ok_or_else(|| "the metrics contain no memory use of Redis".into())
}

/// Records a measurement, and enqueues the Storefront if its condition changes.
fn record(state: &State, key: &ObjectKey, memory: MemoryUse) {
    state.metrics.set_redis_memory_ratio(key, memory.ratio());
    state.update_index(key, |index| {
        let Some(storefront) = index.get_mut(key) else { return false };
        let before = storefront.redis_memory_pressure;
        let after = is_under_pressure(before.unwrap_or(false), memory);
        storefront.redis_memory_pressure = Some(after);
        before != Some(after)
    });
}

#[cfg(test)]
mod tests;
