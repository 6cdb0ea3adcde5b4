//! Redis that is there, away, frozen and back. Needs `redis-server` on the PATH.

#![cfg(test)]

use clap::Parser;
use kit::Runtime;
use kit::redis::{Failure, Redis};
use redis::Script;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::sleep;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::redis::Args,
}

/// A Redis of its own, which can be killed and started again on its port.
struct Server {
    port: u16,
    process: Option<Child>,
}

impl Server {
    async fn start() -> Self {
        let mut server = Self { port: kit::testing::free_port(), process: None };
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
        panic!("redis-server does not answer");
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it runs");
            process.wait().expect("it ends");
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.as_ref().expect("it runs").id().to_string();
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

/// The answer must come back by itself within a bound.
async fn recovers(redis: &Redis) {
    for _ in 0..300 {
        if ping(redis).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not recover");
}

#[tokio::test]
async fn commands_pipelines_and_scripts_are_answered_and_counted() {
    let server = Server::start().await;
    let runtime = Runtime::for_tests().component("gateway");
    let redis = server.connect(&runtime);
    let mut pipeline = redis::pipe();
    pipeline.cmd("SET").arg("key").arg(41).ignore().cmd("INCR").arg("key");
    let answer: (i64,) = redis.pipeline("count", &pipeline).await.expect("an answer");
    assert_eq!(answer.0, 42);
    let script = Script::new("return redis.call('GET', KEYS[1]) .. ARGV[1]");
    let text: String = redis.invoke("join", script.key("key").arg("!")).await.expect("an answer");
    assert_eq!(text, "42!");
    let refused = redis.query::<()>("wrong", redis::cmd("LPUSH").arg("key").arg(1)).await;
    assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");

    let text = runtime.metrics().text();
    for (command, outcome) in [("count", "ok"), ("join", "ok"), ("wrong", "refused")] {
        let labels = format!("component=\"gateway\",command=\"{command}\",outcome=\"{outcome}\"");
        assert!(text.contains(&format!("redis_commands_total{{{labels}}} 1\n")), "{text}");
    }
}

#[tokio::test]
async fn a_redis_that_is_away_is_told_soon_and_found_again_when_it_is_back() {
    let mut server = Server::start().await;
    let redis = server.connect(&Runtime::for_tests());
    ping(&redis).await.expect("it is there");
    server.kill();
    for _ in 0..5 {
        let began = Instant::now();
        let failure = ping(&redis).await.expect_err("it is away");
        assert!(matches!(failure, Failure::Unavailable(_)), "{failure:?}");
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    }
    server.run().await;
    recovers(&redis).await;
}

#[tokio::test]
async fn a_service_starts_while_redis_is_away() {
    let mut server = Server::start().await;
    server.kill();
    let redis = server.connect(&Runtime::for_tests());
    assert!(matches!(ping(&redis).await, Err(Failure::Unavailable(_))));
    server.run().await;
    recovers(&redis).await;
}

#[tokio::test]
async fn a_frozen_redis_holds_nobody_longer_than_the_limit() {
    let server = Server::start().await;
    let redis = server.connect(&Runtime::for_tests());
    ping(&redis).await.expect("it is there");
    server.signal("-STOP");
    let began = Instant::now();
    assert!(matches!(ping(&redis).await, Err(Failure::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    server.signal("-CONT");
    recovers(&redis).await;
}

#[test]
fn a_wrong_url_is_refused_without_repeating_it() {
    let args = Settings::parse_from(["x", "--redis-url", "http://:hunter2@host"]).args;
    let error = kit::redis::connect(&args, &Runtime::for_tests()).expect_err("no Redis");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(error.to_string().starts_with("REDIS_URL: expected redis://"), "{error}");
}
