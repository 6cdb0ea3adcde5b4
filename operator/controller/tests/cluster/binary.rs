//! The program itself: its subcommands, its signals, its memory.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use storefront_api::crd;

use crate::controllers::Controllers;
use crate::fixture::{Cluster, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_storefront-operator");

/// What the operator may occupy besides its own code, with one Storefront. The figure of the design
/// is 25 MiB in all, of the release build; the debug build's code alone is larger.
const MOST_KIB: u64 = 12 * 1024;

/// Ends the process if the test does not.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        drop(self.0.wait());
    }
}

impl Running {
    /// A figure of `/proc/<pid>/status`, in KiB.
    fn memory(&self, figure: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

#[test]
fn the_definition_is_printed_as_it_is_published() {
    let output = Command::new(PROGRAM).arg("crd").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), crd::yaml().unwrap());
}

#[test]
fn a_wrong_setting_ends_the_program_at_once_with_its_name() {
    for (name, value) in [("RUST_LOG", "a=nonsense"), ("LISTEN_ADDR", "here")] {
        let output = Command::new(PROGRAM).env(name, value).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(value), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_brings_a_storefront_up_in_little_memory_and_ends_when_told() {
    let cluster = Cluster::new().await;
    let _controllers = Controllers::start(&cluster);
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
    assert!(anonymous < MOST_KIB, "{anonymous} KiB");

    let told = Instant::now();
    let kill = Command::new("kill").arg(operator.0.id().to_string()).status().unwrap();
    assert!(kill.success());
    let ended = until("the program has ended", || {
        let ended = operator.0.try_wait().unwrap();
        async move { ended }
    })
    .await;
    assert!(ended.success(), "{ended}");
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let lease = leases.get("storefront-operator").await.unwrap();
    assert_eq!(lease.spec.unwrap().holder_identity, None, "the lease is given back");
}
