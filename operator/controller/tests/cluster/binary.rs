//! Tests of the binary: its subcommands, signals and memory.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use storefront_api::crd;

use crate::fake_controllers::FakeControllers;
use crate::fixture::{Cluster, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_storefront-operator");

/// The maximum anonymous memory of the operator with one Storefront. The target of the design is 25
/// MiB in total for the release build; the code of the debug build alone is larger.
const MAX_ANONYMOUS_KIB: u64 = 12 * 1024;

/// A process that is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        drop(self.0.wait());
    }
}

impl Running {
    /// Returns a value of `/proc/<pid>/status`, in KiB.
    fn memory(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

#[test]
fn crd_subcommand_prints_the_published_definition() {
    let output = Command::new(PROGRAM).arg("crd").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), crd::yaml().unwrap());
}

#[test]
fn invalid_setting_is_rejected_with_its_value() {
    for (name, value) in [("RUST_LOG", "a=nonsense"), ("LISTEN_ADDR", "here")] {
        let output = Command::new(PROGRAM).env(name, value).output().unwrap();
        assert!(!output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(value), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operator_uses_little_memory_and_stops_on_sigterm() {
    let cluster = Cluster::new().await;
    let _controllers = FakeControllers::start(&cluster);
    let child = Command::new(PROGRAM)
        .env("KUBECONFIG", cluster.server.kubeconfig())
        .env("WATCH_NAMESPACES", &cluster.namespace)
        .env("POD_NAMESPACE", &cluster.namespace)
        .env("POD_NAME", "program")
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .spawn();
    let mut operator = Running(child.unwrap());
    cluster.create("demo", json!({ "demoData": true })).await;
    cluster.until_ready("demo").await;
    let (anonymous, all) = (operator.memory("RssAnon"), operator.memory("VmRSS"));
    println!("operator with one Storefront: {anonymous} KiB anonymous, {all} KiB with its code");
    assert!(anonymous < MAX_ANONYMOUS_KIB, "{anonymous} KiB");

    let signaled = Instant::now();
    let kill = Command::new("kill").arg(operator.0.id().to_string()).status().unwrap();
    assert!(kill.success());
    let ended = until("the program has ended", || {
        let ended = operator.0.try_wait().unwrap();
        async move { ended }
    })
    .await;
    assert!(ended.success(), "{ended}");
    assert!(signaled.elapsed() < Duration::from_secs(5), "{:?}", signaled.elapsed());
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let lease = leases.get("storefront-operator").await.unwrap();
    assert_eq!(lease.spec.unwrap().holder_identity, None, "the lease is released");
}
