//! Pods: those that journeys run beside the Storefronts, and commands in any pod.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::Cluster;
use crate::wait::until;

/// Timeout from the creation of a pod to Ready. The image may have to be pulled.
const READY_TIMEOUT: Duration = Duration::from_secs(120);

/// A pod of a journey.
pub struct JourneyPod {
    namespace: String,
    name: String,
    /// Address of the pod.
    pub address: String,
}

impl JourneyPod {
    /// Creates a pod with this container and waits until it is ready.
    ///
    /// # Errors
    /// Fails when the API server refuses, or after the timeout.
    pub async fn start(
        cluster: &Cluster,
        namespace: &str,
        name: &str,
        mut container: Value,
    ) -> Result<Self> {
        container["name"] = json!(name);
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
        }))?;
        let pods = Api::<Pod>::namespaced(cluster.client.clone(), namespace);
        pods.create(&PostParams::default(), &pod).await?;
        let pod = until(&format!("ready: {name}"), READY_TIMEOUT, async || {
            let pod = pods.get(name).await?;
            Ok(if is_ready(&pod) { Ok(pod) } else { Err(format!("{:?}", pod.status)) })
        })
        .await?;
        let address = pod.status.and_then(|status| status.pod_ip).context("no address")?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned(), address })
    }

    /// Runs a shell script in the pod and returns its output.
    ///
    /// # Errors
    /// Fails when kubectl or the script fails.
    pub async fn shell(&self, script: &str) -> Result<String> {
        exec(&self.namespace, &self.name, &["sh", "-c", script]).await
    }
}

/// Whether a pod has the condition Ready.
#[must_use]
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    conditions.into_iter().any(|found| found.type_ == "Ready" && found.status == "True")
}

/// Runs a command in a pod and returns its output.
///
/// # Errors
/// Fails when kubectl or the command fails.
pub(crate) async fn exec(namespace: &str, pod: &str, command: &[&str]) -> Result<String> {
    let output = Command::new("kubectl")
        .args(["exec", "-n", namespace, pod, "--"])
        .args(command)
        .output()
        .await?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {stderr}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A port of this machine that kubectl forwards until this is dropped.
pub struct PortForward {
    _kubectl: Child,
    // kubectl writes a line for every connection, and would end if no one could read it.
    _output: Lines<BufReader<ChildStdout>>,
    /// URL of the port.
    pub url: String,
}

impl PortForward {
    /// Forwards a free port of this machine to `port` of a target such as `service/demo-gateway`.
    pub(crate) async fn start(namespace: &str, target: &str, port: u16) -> Result<Self> {
        let mut kubectl = Command::new("kubectl")
            .args(["port-forward", "-n", namespace, target, &format!(":{port}")])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = kubectl.stdout.take().context("no output of kubectl")?;
        // "Forwarding from 127.0.0.1:40123 -> 8080"
        let mut output = BufReader::new(stdout).lines();
        let line = output.next_line().await?.unwrap_or_default();
        let address = line.strip_prefix("Forwarding from ").and_then(|rest| rest.split(' ').next());
        let url = format!("http://{}", address.with_context(|| format!("{target}: {line:?}"))?);
        Ok(Self { _kubectl: kubectl, _output: output, url })
    }
}
