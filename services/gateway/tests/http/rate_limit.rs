//! Rate limits per client.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kit::Env;
use reqwest::Method;

use crate::shop::{Gateway, Response};

/// Starts a gateway without services that trusts this machine as a proxy.
async fn limited(redis: &str, more: &[&str]) -> Gateway {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let settings = ["--redis-url", redis, "--trusted-proxies", "127.0.0.0/8"];
    let settings: Vec<&str> = settings.iter().chain(more).copied().collect();
    Gateway::start_with(unused_address, &settings).await
}

/// Starts a gateway without services and without Redis that trusts no proxy. Its limits apply to it
/// alone, for all clients of this machine.
async fn limited_alone(more: &[&str]) -> Gateway {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    // REDIS_URL would be the server of all tests.
    let settings: Vec<&str> =
        ["--redis-url", "redis://127.0.0.1:1"].iter().chain(more).copied().collect();
    Gateway::start_with(unused_address, &settings).await
}

/// File with the keys of trusted proxies.
struct KeyFile(tempfile::NamedTempFile);

impl KeyFile {
    fn new(keys: &[&str]) -> Self {
        let file = Self(tempfile::NamedTempFile::new().expect("a file"));
        file.write(keys);
        file
    }

    fn write(&self, keys: &[&str]) {
        std::fs::write(self.0.path(), keys.join("\n")).expect("written");
    }

    fn path(&self) -> &str {
        self.0.path().to_str().expect("a path")
    }
}

const KEY: &str = "key-of-the-web-shop-0123456789abcdef";
const NEXT_KEY: &str = "next-key-of-the-web-shop-0123456789";

/// Sends a request of a proxy with a key for a client.
async fn get_with_key(gateway: &Gateway, key: &str, client: &str) -> Response {
    let call = gateway.request(Method::GET, "/nothing").header("x-forwarded-for", client);
    call.header("x-proxy-key", key).send().await
}

/// Returns a random address that no other test uses.
fn random_client() -> String {
    let [a, b, c] = Env::system().bytes::<3>();
    format!("10.{a}.{b}.{c}")
}

async fn get(gateway: &Gateway, client: &str, path: &str) -> Response {
    gateway.request(Method::GET, path).header("x-forwarded-for", client).send().await
}

#[tokio::test]
async fn client_is_limited_after_its_burst() {
    let settings = ["--rate-limit-per-minute", "60", "--rate-limit-burst", "5"];
    let gateway = limited(testing::redis(), &settings).await;
    let client = random_client();
    for left in (0..5).rev() {
        let response = get(&gateway, &client, "/nothing").await;
        response.is(404, "not_found");
        assert_eq!(response.header("ratelimit-limit"), "5");
        assert_eq!(response.header("ratelimit-remaining"), left.to_string());
        assert!(response.header("ratelimit-reset").parse::<u64>().expect("seconds") <= 5);
    }
    let response = get(&gateway, &client, "/nothing").await;
    response.is(429, "rate_limited");
    assert_eq!(
        (response.header("retry-after"), response.header("ratelimit-remaining")),
        ("1", "0")
    );
    get(&gateway, &random_client(), "/nothing").await.is(404, "not_found");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    get(&gateway, &client, "/nothing").await.is(404, "not_found");
}

#[tokio::test]
async fn replicas_share_the_limit() {
    let settings = ["--rate-limit-per-minute", "6", "--rate-limit-burst", "4"];
    let replicas =
        [limited(testing::redis(), &settings).await, limited(testing::redis(), &settings).await];
    let client = random_client();
    let mut rejected = 0;
    for turn in 0..8 {
        let response = get(&replicas[turn % 2], &client, "/nothing").await;
        rejected += usize::from(response.status == 429);
    }
    assert_eq!(rejected, 4);
}

#[tokio::test]
async fn health_checks_and_preflights_are_not_limited() {
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "1"];
    let gateway = limited(testing::redis(), &settings).await;
    let client = random_client();
    for _ in 0..5 {
        let response = get(&gateway, &client, "/health").await;
        assert_eq!(response.is(200, "").header("ratelimit-limit"), "");
        let preflight = gateway
            .request(Method::OPTIONS, "/api/v1/products")
            .header("x-forwarded-for", &client)
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "GET");
        assert_eq!(preflight.send().await.status, 200);
    }
    get(&gateway, &client, "/nothing").await.is(404, "not_found");
    get(&gateway, &client, "/nothing").await.is(429, "rate_limited");
}

#[tokio::test]
async fn rejection_closes_direct_http1_connections_only() {
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "1"];
    let direct = limited_alone(&settings).await;
    let proxied = limited(testing::redis(), &settings).await;
    for (gateway, connection) in [(&direct, "close"), (&proxied, "")] {
        let client = random_client();
        let allowed = get(gateway, &client, "/nothing").await;
        assert_eq!(allowed.is(404, "not_found").header("connection"), "");
        let rejected = get(gateway, &client, "/nothing").await;
        assert_eq!(rejected.is(429, "rate_limited").header("connection"), connection);
    }
}

#[tokio::test]
async fn requests_of_untrusted_proxies_are_counted() {
    let settings = ["--rate-limit-per-minute", "0"];
    let untrusted = limited_alone(&settings).await;
    let trusted = limited(testing::redis(), &settings).await;
    for (gateway, count) in [(&untrusted, 1), (&trusted, 0)] {
        gateway.get("/nothing").await;
        get(gateway, &random_client(), "/nothing").await;
        let counted = format!("gateway_untrusted_proxy_requests_total {count}\n");
        assert!(gateway.runtime.metrics().text().contains(&counted), "{counted}");
    }
}

#[tokio::test]
async fn forwarded_header_of_untrusted_client_is_ignored() {
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "2"];
    let gateway = limited_alone(&settings).await;
    for _ in 0..2 {
        get(&gateway, &random_client(), "/nothing").await.is(404, "not_found");
    }
    get(&gateway, &random_client(), "/nothing").await.is(429, "rate_limited");
}

#[tokio::test]
async fn zero_disables_the_limit() {
    let gateway = limited(testing::redis(), &["--rate-limit-per-minute", "0"]).await;
    let client = random_client();
    for _ in 0..150 {
        let response = get(&gateway, &client, "/nothing").await;
        assert_eq!(response.is(404, "not_found").header("ratelimit-limit"), "");
    }
}

/// Redis server of this test, which can be stopped and started.
struct OwnRedis {
    port: u16,
    server: Option<Child>,
}

impl OwnRedis {
    fn new() -> Self {
        Self { port: testing::free_port(), server: None }
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
            server.kill().expect("the server is killed");
            server.wait().expect("the server ends");
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns the number of decisions without Redis; 0 before the counter exists.
fn local_decisions(gateway: &Gateway) -> u64 {
    let text = gateway.runtime.metrics().text();
    let name = "gateway_rate_limit_local_decisions_total ";
    let counter = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    counter.parse().expect("a number")
}

/// Sends requests until Redis is used again.
async fn wait_until_redis_is_used(gateway: &Gateway) {
    for _ in 0..50 {
        let before = local_decisions(gateway);
        get(gateway, &random_client(), "/nothing").await.is(404, "not_found");
        if local_decisions(gateway) == before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("Redis is available but not used");
}

#[tokio::test]
async fn limits_apply_per_replica_while_redis_is_unavailable() {
    let mut redis = OwnRedis::new();
    let settings = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "3"];
    let gateway = limited(&redis.url(), &settings).await;
    let local_decisions_of_burst = async || {
        let (client, before) = (random_client(), local_decisions(&gateway));
        for status in [404, 404, 404, 429] {
            assert_eq!(get(&gateway, &client, "/nothing").await.status, status);
        }
        local_decisions(&gateway) - before
    };
    assert_eq!(local_decisions_of_burst().await, 4, "Redis was never available");
    for _ in 0..2 {
        redis.start();
        wait_until_redis_is_used(&gateway).await;
        assert_eq!(local_decisions_of_burst().await, 0, "Redis is available");
        redis.stop();
        assert_eq!(local_decisions_of_burst().await, 4, "Redis is unavailable again");
    }
}

#[tokio::test]
async fn credential_routes_share_a_stricter_limit() {
    let settings = ["--rate-limit-per-minute", "600", "--sign-in-limit-per-ip", "3"];
    let gateway = limited(testing::redis(), &settings).await;
    let client = random_client();
    let post = |path: &str| {
        let call = gateway.request(Method::POST, path).header("x-forwarded-for", &client);
        call.json(&serde_json::json!({})).send()
    };
    // The credential routes share one limit.
    for (path, left) in [("login", 2), ("verify-email", 1), ("password/reset", 0)] {
        let response = post(&format!("/api/v1/auth/{path}")).await;
        response.is(400, "invalid_request");
        assert_eq!(response.header("ratelimit-limit"), "3");
        assert_eq!(response.header("ratelimit-remaining"), left.to_string());
    }
    let rejected = post("/api/v1/auth/login").await;
    rejected.is(429, "rate_limited");
    assert!(rejected.header("retry-after").parse::<u64>().expect("seconds") > 10);
    post("/api/v1/auth/refresh").await.is(400, "invalid_request");
    get(&gateway, &client, "/nothing").await.is(404, "not_found");
    let call = gateway.request(Method::POST, "/api/v1/auth/login");
    let call = call.header("x-forwarded-for", &random_client()).json(&serde_json::json!({}));
    call.send().await.is(400, "invalid_request");
}

#[tokio::test]
async fn registrations_have_a_narrower_limit() {
    let unlimited = ["--rate-limit-per-minute", "0"];
    let gateway = limited(testing::redis(), &unlimited).await;
    let client = random_client();
    let post = async |path: &str| {
        let call = gateway.request(Method::POST, path).header("x-forwarded-for", &client);
        call.json(&serde_json::json!({})).send().await
    };
    for left in (0..10).rev() {
        let response = post("/api/v1/auth/register").await;
        response.is(400, "invalid_request");
        assert_eq!(response.header("ratelimit-remaining"), left.to_string());
    }
    post("/api/v1/auth/register").await.is(429, "rate_limited");
    post("/api/v1/auth/login").await.is(400, "invalid_request");
}

#[tokio::test]
async fn proxy_with_key_has_a_limit_of_its_own_for_each_client() {
    let keys = KeyFile::new(&[KEY]);
    let gateway = limited_alone(&["--trusted-proxy-key-file", keys.path()]).await;
    let (ada, eve) = (random_client(), random_client());
    for left in (190..200).rev() {
        let response = get_with_key(&gateway, KEY, &ada).await;
        response.is(404, "not_found");
        assert_eq!(response.header("ratelimit-limit"), "200");
        let remaining: u32 = response.header("ratelimit-remaining").parse().expect("a number");
        // Tokens return ten times a second.
        assert!((left..200).contains(&remaining), "{remaining}, {left}");
    }
    let first = get_with_key(&gateway, KEY, &eve).await;
    assert_eq!(first.is(404, "not_found").header("ratelimit-remaining"), "199");
    // More than one address names no client: these are requests of the proxy itself.
    let unnamed = get_with_key(&gateway, KEY, &format!("{eve}, {ada}")).await;
    assert_eq!(unnamed.is(404, "not_found").header("ratelimit-remaining"), "199");
    let text = gateway.runtime.metrics().text();
    assert!(text.contains("gateway_rejected_proxy_keys_total 0\n"), "{text}");
    assert!(text.contains("gateway_untrusted_proxy_requests_total 0\n"), "{text}");
}

#[tokio::test]
async fn wrong_proxy_key_counts_as_none() {
    let keys = KeyFile::new(&[KEY]);
    let limit = ["--rate-limit-per-minute", "1", "--rate-limit-burst", "3"];
    let settings = [&["--trusted-proxy-key-file", keys.path()], &limit[..]].concat();
    let gateway = limited_alone(&settings).await;
    for left in (0..3).rev() {
        let response = get_with_key(&gateway, NEXT_KEY, &random_client()).await;
        assert_eq!(response.header("ratelimit-limit"), "3");
        assert_eq!(response.header("ratelimit-remaining"), left.to_string());
    }
    get_with_key(&gateway, "", &random_client()).await.is(429, "rate_limited");
    let text = gateway.runtime.metrics().text();
    assert!(text.contains("gateway_rejected_proxy_keys_total 4\n"), "{text}");
    get_with_key(&gateway, KEY, &random_client()).await.is(404, "not_found");
}

#[tokio::test]
async fn sign_in_limits_apply_to_clients_of_proxies_with_key() {
    let keys = KeyFile::new(&[KEY]);
    let settings = ["--trusted-proxy-key-file", keys.path(), "--sign-in-limit-per-ip", "3"];
    let gateway = limited_alone(&settings).await;
    let sign_in = async |client: &str| {
        let call = gateway.request(Method::POST, "/api/v1/auth/login");
        let call = call.header("x-forwarded-for", client).header("x-proxy-key", KEY);
        call.json(&serde_json::json!({})).send().await
    };
    let client = random_client();
    for _ in 0..3 {
        sign_in(&client).await.is(400, "invalid_request");
    }
    let rejected = sign_in(&client).await;
    rejected.is(429, "rate_limited");
    assert_eq!(rejected.header("ratelimit-limit"), "3");
    assert_eq!(rejected.header("connection"), "", "other clients use the connection");
    sign_in(&random_client()).await.is(400, "invalid_request");
}

#[tokio::test]
async fn proxy_key_is_changed_without_restart() {
    let keys = KeyFile::new(&[KEY]);
    let settings = ["--trusted-proxy-key-file", keys.path(), "--rate-limit-burst", "1000"];
    let gateway = limited_alone(&settings).await;
    let is_accepted = async |key: &str| {
        let response = get_with_key(&gateway, key, &random_client()).await;
        response.header("ratelimit-limit") == "200"
    };
    assert!(is_accepted(KEY).await && !is_accepted(NEXT_KEY).await);
    let wait_until = async |key: &str, accepted: bool| {
        let changed = async {
            while is_accepted(key).await != accepted {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), changed).await.expect("the file is read");
    };
    keys.write(&[KEY, NEXT_KEY]);
    wait_until(NEXT_KEY, true).await;
    assert!(is_accepted(KEY).await, "both are valid");
    keys.write(&[NEXT_KEY]);
    wait_until(KEY, false).await;
    assert!(is_accepted(NEXT_KEY).await);
}
