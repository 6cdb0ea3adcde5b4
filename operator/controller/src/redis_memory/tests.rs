//! Tests of the measurement, with a server in the place of `cart`.

use std::sync::Mutex;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::observe::ObservedStorefront;

const KEY: (&str, &str) = ("shop", "demo");

fn exposition_of(used: u64, limit: u64) -> String {
    format!(
        "# HELP cart_redis_memory_used_bytes Memory that Redis uses.\n\
         # TYPE cart_redis_memory_used_bytes gauge\n\
         cart_redis_memory_used_bytes {used}\n\
         cart_redis_memory_limit_bytes {limit}\n\
         # EOF\n"
    )
}

fn state_with(spec: Value) -> Arc<State> {
    let state = Arc::new(State::default());
    let object = json!({
        "metadata": { "name": KEY.1, "namespace": KEY.0, "uid": "uid" }, "spec": spec,
    });
    let observed = ObservedStorefront::from_object(serde_json::from_value(object).unwrap());
    let key = ObjectKey::new(KEY.0, KEY.1);
    state.index(|index| index.set_storefront(&key, observed));
    state
}

/// A server whose metrics can be changed.
#[derive(Clone, Default)]
struct Cart(Arc<Mutex<String>>);

impl Cart {
    async fn start() -> (Self, String) {
        let cart = Self::default();
        let served = cart.clone();
        let metrics = move || std::future::ready(served.0.lock().unwrap().clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/metrics", listener.local_addr().unwrap());
        let routes = Router::new().route("/metrics", get(metrics));
        tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
        (cart, url)
    }

    fn set(&self, text: String) {
        *self.0.lock().unwrap() = text;
    }
}

fn pressure(state: &State) -> Option<bool> {
    let key = ObjectKey::new(KEY.0, KEY.1);
    state.index(|index| index.get(&key).and_then(|state| state.redis_memory_pressure))
}

#[tokio::test]
async fn storefront_is_requeued_when_its_redis_becomes_nearly_full() {
    let state = state_with(json!({ "version": "0.1.0" }));
    let (cart, url) = Cart::start().await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let url_of = |_: &ObjectKey| url.clone();
    // (metrics, expected pressure, whether the Storefront is queued, cumulative)
    let steps = [
        ("no metrics".to_owned(), None, 0),
        (exposition_of(0, 0), None, 0),
        (exposition_of(79, 100), Some(false), 1),
        (exposition_of(80, 100), Some(true), 1),
        ("no metrics".to_owned(), Some(true), 1),
    ];
    for (metrics, expected, queued) in steps {
        cart.set(metrics.clone());
        measure_all(&client, &state, &url_of).await;
        assert_eq!(pressure(&state), expected, "{metrics}");
        assert_eq!(state.queue.len(), queued, "{metrics}");
    }
    let text = state.metrics.encode(0).unwrap();
    let line = r#"storefront_operator_redis_memory_used_ratio{namespace="shop",name="demo"} 0.8"#;
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn only_running_managed_servers_are_measured() {
    let external = json!({ "mode": "External", "external": {
        "urlSecret": { "name": "redis", "key": "url" },
    }});
    for (spec, measured) in [
        (json!({ "version": "0.1.0" }), 1),
        (json!({ "version": "0.1.0", "suspend": true }), 0),
        (json!({ "version": "0.1.0", "redis": external }), 0),
    ] {
        assert_eq!(keys(&state_with(spec.clone())).len(), measured, "{spec}");
    }
}

#[test]
fn pressure_begins_at_80_percent_and_ends_below_70() {
    let cases = [
        (false, 0.79, false),
        (false, 0.80, true),
        (true, 0.79, true),
        (true, 0.70, true),
        (true, 0.69, false),
        (false, 0.69, false),
    ];
    for (before, ratio, after) in cases {
        let memory = MemoryUse { used: ratio * 100.0, limit: 100.0 };
        assert_eq!(is_under_pressure(before, memory), after, "{before} {ratio}");
    }
}

#[test]
fn metrics_are_read_from_the_pods_of_cart() {
    let url = metrics_url(&ObjectKey::new(KEY.0, KEY.1));
    assert_eq!(url, "http://demo-cart.shop.svc:9090/metrics");
}
