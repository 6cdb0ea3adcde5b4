//! Graceful shutdown of a process by SIGTERM. A separate test file, because signals affect the
//! whole process.

#![cfg(test)]

use axum::Router;
use axum::routing::get;
use clap::Parser;
use kit::{BoxError, Process};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::sleep;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::Args,
}

/// Returns an address that was free.
async fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").to_string()
}

async fn status(address: &str, path: &str) -> Option<u16> {
    let response = reqwest::get(format!("http://{address}{path}")).await.ok()?;
    Some(response.status().as_u16())
}

async fn wait_for_status(address: &str, path: &str, expected: Option<u16>) {
    for _ in 0..300 {
        if status(address, path).await == expected {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{path} did not become {expected:?}: {:?}", status(address, path).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_readiness_then_drains_then_stops_workers() {
    let admin = free_address().await;
    let settings = ["shop", "--admin-addr", &admin, "--shutdown-delay-secs", "1"];
    let settings = Settings::parse_from(settings).args;
    let process = Process::start("shop", &settings).await.expect("a started process");
    assert_eq!(status(&admin, "/livez").await, Some(200));
    assert_eq!(status(&admin, "/readyz").await, Some(503), "no component has started");

    let runtime = process.runtime();
    let stopped = Arc::new(AtomicBool::new(false));
    let (stopping, flag) = (runtime.stopping(), Arc::clone(&stopped));
    runtime.spawn_stopping("worker", async move {
        stopping.cancelled().await;
        flag.store(true, Ordering::SeqCst);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let shop = listener.local_addr().expect("an address").to_string();
    let router = Router::new().route("/", get(async || "ok")).route(
        "/slow",
        get(async || {
            sleep(Duration::from_secs(2)).await;
            "slow"
        }),
    );
    let component = runtime.component("gateway");
    let serve = async move {
        kit::http::serve(listener, router, &component, kit::http::TrustedProxies::default()).await;
        Ok::<(), BoxError>(())
    };
    let running = tokio::spawn(process.run(vec![Box::pin(serve)]));
    wait_for_status(&admin, "/readyz", Some(200)).await;
    assert!(status(&admin, "/metrics").await == Some(200));

    let slow = tokio::spawn(reqwest::get(format!("http://{shop}/slow")));
    sleep(Duration::from_millis(200)).await;
    let signaled = Instant::now();
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());

    wait_for_status(&admin, "/readyz", Some(503)).await;
    assert_eq!(status(&shop, "/").await, Some(200), "requests are served during the delay");
    assert!(!stopped.load(Ordering::SeqCst), "workers stop after the drain");
    wait_for_status(&shop, "/", None).await;
    assert!(signaled.elapsed() >= Duration::from_millis(900), "{:?}", signaled.elapsed());
    assert_eq!(status(&admin, "/livez").await, Some(200), "probes work during the drain");

    let response = slow.await.expect("no panic").expect("a response");
    assert_eq!(response.text().await.expect("a body"), "slow");
    let ended = tokio::time::timeout(Duration::from_secs(5), running).await;
    ended.expect("in time").expect("no panic").expect("success after a signal");
    assert!(stopped.load(Ordering::SeqCst));
}
