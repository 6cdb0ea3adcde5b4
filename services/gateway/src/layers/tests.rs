//! Headers and bodies of responses that no handler created.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit::Runtime;
use kit::http::{ObserveConfig, TrustedProxies};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{
    ClientLimit, ConcurrencyLimit, IsHttps, Layers, Origins, UntrustedProxyMonitor, apply_layers,
};
use crate::body_budget::BodyBudget;
use crate::rate_limit::RateLimiter;

const ORIGIN: &str = "http://localhost:3000";

/// Starts a gateway whose handlers fail, and returns its URL.
async fn start() -> String {
    let runtime = Runtime::for_tests();
    let layers = Layers {
        rate_limit: ClientLimit {
            limiter: Arc::new(RateLimiter::new(None, &runtime)),
            quota: None,
            web: None,
            sign_in: None,
            register: None,
            untrusted_proxies: UntrustedProxyMonitor::new(&runtime),
        },
        concurrency: ConcurrencyLimit::new(8, BodyBudget::new(1024 * 1024)),
        origins: Origins(vec![ORIGIN.parse().expect("an origin")]),
        observe: ObserveConfig { runtime: runtime.clone(), deadline: Duration::from_millis(200) },
        is_https: IsHttps(true),
    };
    let router = Router::new()
        .route("/panics", get(async || -> &'static str { panic!("secret text") }))
        .route("/hangs", get(async || std::future::pending::<&'static str>().await));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = apply_layers(layers, router);
    tokio::spawn(async move {
        kit::http::serve(listener, router, &runtime, TrustedProxies::default()).await
    });
    url
}

#[tokio::test]
async fn panic_and_timeout_are_problems_with_cors_headers() {
    let url = start().await;
    for (path, status, code) in [("panics", 500, "internal"), ("hangs", 504, "deadline_exceeded")] {
        let call = reqwest::Client::new().get(format!("{url}/{path}")).header("origin", ORIGIN);
        let response = call.send().await.expect("a response");
        assert_eq!(response.status(), status);
        let headers = response.headers().clone();
        for (name, value) in [
            ("access-control-allow-origin", ORIGIN),
            ("content-type", "application/problem+json"),
            ("cache-control", "private, no-store"),
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            ),
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("vary", "Accept-Encoding, Origin, Authorization"),
        ] {
            assert_eq!(headers.get(name).expect(name), value, "{path}");
        }
        assert_eq!(headers.contains_key("retry-after"), status == 504);
        let problem: Value = response.json().await.expect("JSON");
        assert_eq!(problem["code"], code);
        assert_eq!(headers["x-request-id"], problem["request_id"].as_str().expect("an id"));
        assert!(!problem.to_string().contains("secret"));
    }
}
