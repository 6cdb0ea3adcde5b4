//! The end of a process by SIGTERM, in order. Alone in its file: signals reach whole processes.

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

/// An address that was free a moment ago.
async fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").to_string()
}

async fn status(address: &str, path: &str) -> Option<u16> {
    let response = reqwest::get(format!("http://{address}{path}")).await.ok()?;
    Some(response.status().as_u16())
}

async fn eventually(address: &str, path: &str, expected: Option<u16>) {
    for _ in 0..300 {
        if status(address, path).await == expected {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{path} did not become {expected:?}: {:?}", status(address, path).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_turns_readiness_off_then_drains_then_stops_workers() {
    let admin = free_address().await;
    let settings = ["shop", "--admin-addr", &admin, "--shutdown-delay-secs", "1"];
    let settings = Settings::parse_from(settings).args;
    let process = Process::start("shop", &settings).await.expect("it starts");
    assert_eq!(status(&admin, "/livez").await, Some(200));
    assert_eq!(status(&admin, "/readyz").await, Some(503), "nothing has started yet");

    let runtime = process.runtime();
    let stopped = Arc::new(AtomicBool::new(false));
    let (stopping, told) = (runtime.stopping(), Arc::clone(&stopped));
    runtime.spawn_stopping("worker", async move {
        stopping.cancelled().await;
        told.store(true, Ordering::SeqCst);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let shop = listener.local_addr().expect("an address").to_string();
    let router = Router::new().route("/", get(async || "ok")).route(
        "/slow",
        get(async || {
            sleep(Duration::from_secs(2)).await;
            "at last"
        }),
    );
    let component = runtime.component("gateway");
    let serve = async move {
        kit::http::serve(listener, router, &component).await;
        Ok::<(), BoxError>(())
    };
    let running = tokio::spawn(process.run(vec![Box::pin(serve)]));
    eventually(&admin, "/readyz", Some(200)).await;
    assert!(status(&admin, "/metrics").await == Some(200));

    let slow = tokio::spawn(reqwest::get(format!("http://{shop}/slow")));
    sleep(Duration::from_millis(200)).await;
    let signalled = Instant::now();
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());

    eventually(&admin, "/readyz", Some(503)).await;
    assert_eq!(status(&shop, "/").await, Some(200), "callers have not noticed yet");
    assert!(!stopped.load(Ordering::SeqCst), "workers outlive the requests");
    eventually(&shop, "/", None).await;
    assert!(signalled.elapsed() >= Duration::from_millis(900), "{:?}", signalled.elapsed());
    assert_eq!(status(&admin, "/livez").await, Some(200), "probes go on while draining");

    let answer = slow.await.expect("no panic").expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "at last");
    let ended = tokio::time::timeout(Duration::from_secs(5), running).await;
    ended.expect("in time").expect("no panic").expect("a signal is no failure");
    assert!(stopped.load(Ordering::SeqCst));
}
