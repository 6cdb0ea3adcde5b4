//! Redis that is running, stopped, frozen and restarted. Requires `redis-server` on the PATH.

#![cfg(test)]

use clap::Parser;
use kit::Runtime;
use kit::redis::{Failure, Redis};
use redis::Script;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testing::FaultProxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::redis::Args,
}

/// A Redis server that can be killed and restarted on its port.
struct Server {
    port: u16,
    process: Option<Child>,
}

impl Server {
    async fn start() -> Self {
        let mut server = Self { port: testing::free_port(), process: None };
        server.run().await;
        server
    }

    async fn run(&mut self) {
        let port = self.port.to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server is on the PATH"));
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server does not respond");
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a running server");
            process.wait().expect("a stopped server");
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.as_ref().expect("a running server").id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill").success());
    }

    fn connect(&self, runtime: &Runtime) -> Redis {
        connect(&format!("redis://127.0.0.1:{}", self.port), runtime)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn connect(url: &str, runtime: &Runtime) -> Redis {
    let args = Settings::parse_from(["x", "--redis-url", url]).args;
    kit::redis::connect(&args, runtime).expect("a URL")
}

async fn ping(redis: &Redis) -> Result<String, Failure> {
    redis.query("ping", &redis::cmd("PING")).await
}

/// Waits at most 3 s until a command succeeds.
async fn assert_recovers(redis: &Redis) {
    for _ in 0..300 {
        if ping(redis).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("the connection does not recover");
}

#[tokio::test]
async fn commands_pipelines_and_scripts_are_counted() {
    let server = Server::start().await;
    let runtime = Runtime::for_tests().component("gateway");
    let redis = server.connect(&runtime);
    let mut pipeline = redis::pipe();
    pipeline.cmd("SET").arg("key").arg(41).ignore().cmd("INCR").arg("key");
    let reply: (i64,) = redis.pipeline("count", &pipeline).await.expect("a reply");
    assert_eq!(reply.0, 42);
    let script = Script::new("return redis.call('GET', KEYS[1]) .. ARGV[1]");
    let text: String = redis.invoke("join", script.key("key").arg("!")).await.expect("a reply");
    assert_eq!(text, "42!");
    let rejected = redis.query::<()>("wrong", redis::cmd("LPUSH").arg("key").arg(1)).await;
    assert!(matches!(rejected, Err(Failure::Refused(_))), "{rejected:?}");

    let text = runtime.metrics().text();
    for (command, outcome) in [("count", "ok"), ("join", "ok"), ("wrong", "refused")] {
        let labels = format!("component=\"gateway\",command=\"{command}\",outcome=\"{outcome}\"");
        assert!(text.contains(&format!("redis_commands_total{{{labels}}} 1\n")), "{text}");
    }
}

#[tokio::test]
async fn stopped_redis_fails_fast_and_recovers_after_restart() {
    let mut server = Server::start().await;
    let redis = server.connect(&Runtime::for_tests());
    ping(&redis).await.expect("a reply");
    server.kill();
    for _ in 0..5 {
        let start = Instant::now();
        let failure = ping(&redis).await.expect_err("Redis is stopped");
        assert!(matches!(failure, Failure::Unavailable(_)), "{failure:?}");
        assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
    }
    server.run().await;
    assert_recovers(&redis).await;
}

#[tokio::test]
async fn connect_succeeds_while_redis_is_stopped() {
    let mut server = Server::start().await;
    server.kill();
    let redis = server.connect(&Runtime::for_tests());
    assert!(matches!(ping(&redis).await, Err(Failure::Unavailable(_))));
    server.run().await;
    assert_recovers(&redis).await;
}

#[tokio::test]
async fn frozen_redis_fails_at_the_timeout() {
    let server = Server::start().await;
    let redis = server.connect(&Runtime::for_tests());
    ping(&redis).await.expect("a reply");
    server.signal("-STOP");
    let start = Instant::now();
    assert!(matches!(ping(&redis).await, Err(Failure::Unavailable(_))));
    assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
    server.signal("-CONT");
    assert_recovers(&redis).await;
}

#[tokio::test]
async fn full_redis_refuses_writes_as_unavailable_and_serves_reads() {
    let server = Server::start().await;
    let redis = server.connect(&Runtime::for_tests());
    let set = || redis::cmd("SET").arg("key").arg(1).to_owned();
    redis.query::<()>("set", &set()).await.expect("a reply");
    let mut limit = redis::cmd("CONFIG");
    limit.arg("SET").arg("maxmemory").arg(1);
    redis.query::<()>("config", &limit).await.expect("a reply");
    let full = redis.query::<()>("set", &set()).await;
    assert!(matches!(full, Err(Failure::WritesRefused(_))), "{full:?}");
    let script = Script::new("return redis.call('SET', KEYS[1], 2)");
    let full = redis.invoke::<()>("script", &script.key("key")).await;
    assert!(matches!(full, Err(Failure::WritesRefused(_))), "{full:?}");
    let value: i64 = redis.query("get", redis::cmd("GET").arg("key")).await.expect("a reply");
    assert_eq!(value, 1);
}

/// After a failover by DNS or a virtual address, the former primary may keep its connections open.
#[tokio::test]
async fn connection_to_a_server_that_became_read_only_is_replaced() {
    let (former, promoted) = (Server::start().await, Server::start().await);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", former.port)).await;
    let redis = connect(&format!("redis://{}", proxy.address()), &Runtime::for_tests());
    let set = || redis::cmd("SET").arg("key").arg(1).to_owned();
    redis.query::<()>("set", &set()).await.expect("a reply");

    proxy.redirect(format!("127.0.0.1:{}", promoted.port));
    let mut demote = redis::cmd("REPLICAOF");
    demote.arg("127.0.0.1").arg(promoted.port);
    redis.query::<()>("replicaof", &demote).await.expect("a reply");
    let script = Script::new("return redis.call('SET', KEYS[1], 2)");
    let refused = redis.invoke::<()>("script", &script.key("key")).await;
    assert!(matches!(refused, Err(Failure::Unavailable(_))), "{refused:?}");
    redis.query::<()>("set", &set()).await.expect("a reply of the new primary");
}

#[tokio::test]
async fn connection_to_a_server_that_is_no_redis_is_unavailable_and_replaced() {
    let redis_server = Server::start().await;
    let http_server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let http_address = http_server.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = http_server.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                // It keeps the connection open.
                while stream.read(&mut request).await.is_ok_and(|count| count > 0) {
                    stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
                }
            });
        }
    });
    let proxy = FaultProxy::start(http_address).await;
    let redis = connect(&format!("redis://{}", proxy.address()), &Runtime::for_tests());
    for _ in 0..3 {
        let failure = ping(&redis).await.expect_err("no Redis");
        assert!(matches!(failure, Failure::Unavailable(_)), "{failure:?}");
    }
    proxy.redirect(format!("127.0.0.1:{}", redis_server.port));
    assert_recovers(&redis).await;
}

#[test]
fn invalid_url_is_rejected_without_repeating_it() {
    let args = Settings::parse_from(["x", "--redis-url", "http://:hunter2@host"]).args;
    let error = kit::redis::connect(&args, &Runtime::for_tests()).expect_err("an invalid URL");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(error.to_string().starts_with("REDIS_URL: expected redis://"), "{error}");
}
