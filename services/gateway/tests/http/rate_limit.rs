//! How much one client may ask.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kit::Env;
use reqwest::Method;

use crate::shop::{Answer, Gateway};

/// A gateway in front of nothing that trusts this machine as a proxy.
async fn limited(redis: &str, more: &[&str]) -> Gateway {
    let nowhere = "127.0.0.1:1".parse().expect("an address");
    let settings = ["--redis-url", redis, "--trusted-proxies", "127.0.0.0/8"];
    let settings: Vec<&str> = settings.iter().chain(more).copied().collect();
    Gateway::start_with(nowhere, &settings).await
}

fn shared_redis() -> String {
    std::env::var("REDIS_URL").expect("REDIS_URL: run by hack/test-env.sh")
}

/// An address that no other test and no earlier run has used.
fn somebody() -> String {
    let [a, b, c] = Env::system().bytes::<3>();
    format!("10.{a}.{b}.{c}")
}

async fn ask(gateway: &Gateway, client: &str, path: &str) -> Answer {
    gateway.request(Method::GET, path).header("x-forwarded-for", client).send().await
}

#[tokio::test]
async fn a_client_has_its_burst_and_then_waits() {
    let settings = ["--rate-limit-per-minute", "60", "--rate-limit-burst", "5"];
    let gateway = limited(&shared_redis(), &settings).await;
    let client = somebody();
    for left in (0..5).rev() {
        let answer = ask(&gateway, &client, "/nothing").await;
        answer.is(404, "not_found");
        assert_eq!(answer.header("ratelimit-limit"), "5");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
        assert!(answer.header("ratelimit-reset").parse::<u64>().expect("seconds") <= 5);
    }
    let answer = ask(&gateway, &client, "/nothing").await;
    answer.is(429, "rate_limited");
    assert_eq!((answer.header("retry-after"), answer.header("ratelimit-remaining")), ("1", "0"));
    ask(&gateway, &somebody(), "/nothing").await.is(404, "not_found");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    ask(&gateway, &client, "/nothing").await.is(404, "not_found");
}

#[tokio::test]
async fn replicas_count_together() {
    let settings = ["--rate-limit-per-minute", "6", "--rate-limit-burst", "4"];
    let replicas =
        [limited(&shared_redis(), &settings).await, limited(&shared_redis(), &settings).await];
    let client = somebody();
    let mut refused = 0;
    for turn in 0..8 {
        let answer = ask(&replicas[turn % 2], &client, "/nothing").await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 4);
}

#[tokio::test]
async fn health_and_preflights_are_not_counted() {
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "1"];
    let gateway = limited(&shared_redis(), &settings).await;
    let client = somebody();
    for _ in 0..5 {
        let answer = ask(&gateway, &client, "/health").await;
        assert_eq!(answer.is(200, "").header("ratelimit-limit"), "");
        let preflight = gateway
            .request(Method::OPTIONS, "/api/v1/products")
            .header("x-forwarded-for", &client)
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "GET");
        assert_eq!(preflight.send().await.status, 200);
    }
    ask(&gateway, &client, "/nothing").await.is(404, "not_found");
    ask(&gateway, &client, "/nothing").await.is(429, "rate_limited");
}

#[tokio::test]
async fn nobody_escapes_by_claiming_to_be_others() {
    let nowhere = "127.0.0.1:1".parse().expect("an address");
    // No Redis is set: what is counted is this gateway's alone, for all clients of this machine.
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "2"];
    let gateway = Gateway::start_with(nowhere, &settings).await;
    for _ in 0..2 {
        ask(&gateway, &somebody(), "/nothing").await.is(404, "not_found");
    }
    ask(&gateway, &somebody(), "/nothing").await.is(429, "rate_limited");
}

#[tokio::test]
async fn zero_turns_the_limit_off() {
    let gateway = limited(&shared_redis(), &["--rate-limit-per-minute", "0"]).await;
    let client = somebody();
    for _ in 0..150 {
        let answer = ask(&gateway, &client, "/nothing").await;
        assert_eq!(answer.is(404, "not_found").header("ratelimit-limit"), "");
    }
}

/// A Redis of this test's own, to be taken away and given back.
struct OwnRedis {
    port: u16,
    server: Option<Child>,
}

impl OwnRedis {
    fn new() -> Self {
        Self { port: kit::testing::free_port(), server: None }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn start(&mut self) {
        let port = self.port.to_string();
        let server = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn();
        self.server = Some(server.expect("redis-server"));
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("it can be ended");
            server.wait().expect("it ends");
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Decisions that the gateway took without Redis; there is no counter before it serves.
fn local_decisions(gateway: &Gateway) -> u64 {
    let text = gateway.runtime.metrics().text();
    let name = "gateway_rate_limit_local_decisions_total ";
    let counter = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    counter.parse().expect("a number")
}

/// Asks until Redis decides again, for a while.
async fn redis_decides(gateway: &Gateway) {
    for _ in 0..50 {
        let before = local_decisions(gateway);
        ask(gateway, &somebody(), "/nothing").await.is(404, "not_found");
        if local_decisions(gateway) == before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("Redis is back and never asked");
}

#[tokio::test]
async fn without_redis_each_replica_counts_and_nothing_fails() {
    let mut redis = OwnRedis::new();
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "3"];
    let gateway = limited(&redis.url(), &settings).await;
    let count = async || {
        let (client, before) = (somebody(), local_decisions(&gateway));
        for status in [404, 404, 404, 429] {
            assert_eq!(ask(&gateway, &client, "/nothing").await.status, status);
        }
        local_decisions(&gateway) - before
    };
    assert_eq!(count().await, 4, "it was never there");
    for _ in 0..2 {
        redis.start();
        redis_decides(&gateway).await;
        assert_eq!(count().await, 0, "it is there");
        redis.stop();
        assert_eq!(count().await, 4, "it is gone");
    }
}

#[tokio::test]
async fn guessing_has_a_limit_of_its_own() {
    let settings = ["--rate-limit-per-minute", "600", "--sign-in-limit-per-ip", "3"];
    let gateway = limited(&shared_redis(), &settings).await;
    let client = somebody();
    let post = |path: &str| {
        let call = gateway.request(Method::POST, path).header("x-forwarded-for", &client);
        call.json(&serde_json::json!({})).send()
    };
    // Together, whatever the route: all of them are ways to guess.
    for (path, left) in [("login", 2), ("register", 1), ("password/reset", 0)] {
        let answer = post(&format!("/api/v1/auth/{path}")).await;
        answer.is(400, "invalid_request");
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
    }
    let refused = post("/api/v1/auth/login").await;
    refused.is(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") > 10);
    post("/api/v1/auth/refresh").await.is(400, "invalid_request");
    ask(&gateway, &client, "/nothing").await.is(404, "not_found");
    let call = gateway.request(Method::POST, "/api/v1/auth/login");
    let call = call.header("x-forwarded-for", &somebody()).json(&serde_json::json!({}));
    call.send().await.is(400, "invalid_request");
}
