//! What all pods of a shop share: restricted security contexts, probes, DNS configuration, volumes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, ContainerPort, EmptyDirVolumeSource, EnvVar, EnvVarSource,
    ExecAction, HTTPGetAction, KeyToPath, LocalObjectReference, PodDNSConfig, PodDNSConfigOption,
    PodSecurityContext, PodSpec, Probe, ResourceRequirements, SeccompProfile, SecretKeySelector,
    SecretVolumeSource, SecurityContext, TCPSocketAction, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use storefront_api::workload::{self, Amounts};

use crate::context::BuildContext;

/// The uid and gid of the shop's image.
pub(crate) const SHOP_USER: i64 = 65_532;
/// The uid and gid that exist in the images of PostgreSQL and Redis.
pub(crate) const DATASTORE_USER: i64 = 999;

/// The name of the port for probes and metrics.
pub(crate) const ADMIN_PORT_NAME: &str = "admin";

/// Returns a pod without containers: restricted, and without a service account token.
pub(crate) fn restricted_pod(
    context: &BuildContext<'_>,
    service_account: String,
    user: i64,
) -> PodSpec {
    PodSpec {
        automount_service_account_token: Some(false),
        dns_config: Some(dns_config_ndots_one()),
        enable_service_links: Some(false),
        image_pull_secrets: pull_secrets(context),
        security_context: Some(PodSecurityContext {
            fs_group: Some(user),
            // Skips the recursive change of ownership when the volume already has the right group.
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            run_as_group: Some(user),
            run_as_non_root: Some(true),
            run_as_user: Some(user),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        service_account_name: Some(service_account),
        ..PodSpec::default()
    }
}

/// Returns a DNS configuration with `ndots:1`. Pods call each other by the bare name of a Service,
/// which the first search domain completes. A name with a dot is queried as it is before any search
/// domain, which saves queries for external names.
fn dns_config_ndots_one() -> PodDNSConfig {
    PodDNSConfig {
        options: Some(vec![PodDNSConfigOption {
            name: Some("ndots".to_owned()),
            value: Some("1".to_owned()),
        }]),
        ..PodDNSConfig::default()
    }
}

fn pull_secrets(context: &BuildContext<'_>) -> Option<Vec<LocalObjectReference>> {
    let secrets = &context.spec.image.pull_secrets;
    let references =
        secrets.iter().map(|secret| LocalObjectReference { name: secret.name.clone() });
    (!secrets.is_empty()).then(|| references.collect())
}

/// Returns the security context that the restricted pod security standard requires, with a
/// read-only root file system.
pub(crate) fn restricted_container() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// The timing of a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeTiming {
    /// The seconds between two probes.
    pub(crate) period_secs: i32,
    /// The seconds after which a probe without a response has failed.
    pub(crate) timeout_secs: i32,
    /// The number of consecutive failures after which the container counts as failed.
    pub(crate) failures: i32,
}

/// Returns the timing of a startup probe that allows `secs` seconds. It probes every second, so
/// that the pod becomes ready as soon as possible. The timeout is longer than that, because
/// responses are slow when many pods start at once.
pub(crate) const fn startup_probe(secs: i32) -> ProbeTiming {
    ProbeTiming { period_secs: 1, timeout_secs: 3, failures: secs }
}

/// The timing of a readiness probe: a failing pod becomes unready within four seconds.
pub(crate) const READINESS: ProbeTiming =
    ProbeTiming { period_secs: 2, timeout_secs: 2, failures: 2 };

/// The timing of a liveness probe: a container restarts after half a minute without a response.
pub(crate) const LIVENESS: ProbeTiming =
    ProbeTiming { period_secs: 10, timeout_secs: 5, failures: 3 };

/// Returns a probe by an HTTP request to the admin port.
pub(crate) fn http_probe(path: &str, timing: ProbeTiming) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(ADMIN_PORT_NAME.to_owned()),
            ..HTTPGetAction::default()
        }),
        ..probe(timing)
    }
}

/// Returns a probe that opens a TCP connection to the port with this name. It costs almost nothing.
pub(crate) fn tcp_probe(port: &str, timing: ProbeTiming) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String(port.to_owned()),
            ..TCPSocketAction::default()
        }),
        ..probe(timing)
    }
}

/// Returns a probe that runs a command in the container. Each probe costs a process.
pub(crate) fn exec_probe(command: &[&str], timing: ProbeTiming) -> Probe {
    Probe { exec: Some(exec(command)), ..probe(timing) }
}

fn probe(timing: ProbeTiming) -> Probe {
    Probe {
        failure_threshold: Some(timing.failures),
        period_seconds: Some(timing.period_secs),
        timeout_seconds: Some(timing.timeout_secs),
        ..Probe::default()
    }
}

/// Returns an action that runs a command in the container.
pub(crate) fn exec(command: &[&str]) -> ExecAction {
    ExecAction { command: Some(owned(command)) }
}

/// Converts arguments to owned strings.
pub(crate) fn owned(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

/// Converts requests and limits for a container.
pub(crate) fn resources(resources: &workload::Resources) -> ResourceRequirements {
    ResourceRequirements {
        limits: amounts(resources.limits.as_ref()),
        requests: amounts(resources.requests.as_ref()),
        ..ResourceRequirements::default()
    }
}

fn amounts(amounts: Option<&workload::Amounts>) -> Option<BTreeMap<String, Quantity>> {
    let Amounts { cpu, memory } = amounts?;
    let amounts = [("cpu", cpu), ("memory", memory)].into_iter().filter_map(|(name, amount)| {
        Some((name.to_owned(), Quantity(amount.as_ref()?.as_str().to_owned())))
    });
    Some(amounts.collect::<BTreeMap<_, _>>()).filter(|amounts| !amounts.is_empty())
}

/// Returns an environment variable with a value.
pub(crate) fn env(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), ..EnvVar::default() }
}

/// Returns an environment variable with a value from a Secret.
pub(crate) fn env_from_secret(name: &str, secret: &str, key: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                key: key.to_owned(),
                name: secret.to_owned(),
                ..SecretKeySelector::default()
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

/// Returns a named container port.
pub(crate) fn port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        container_port: i32::from(port),
        name: Some(name.to_owned()),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// Returns an `emptyDir` volume, which is deleted with the pod.
pub(crate) fn empty_dir(name: &str, size_limit: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(size_limit.to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Returns a volume with the files of a ConfigMap.
pub(crate) fn config_volume(name: &str, config_map: String) -> Volume {
    Volume {
        name: name.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: config_map,
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Returns a volume with the values of a Secret as files that only the pod's group can read.
pub(crate) fn secret_volume(name: &str, secret: String) -> Volume {
    Volume {
        name: name.to_owned(),
        secret: Some(SecretVolumeSource {
            default_mode: Some(0o440),
            secret_name: Some(secret),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// Returns a volume with one value of a Secret as a file that only the pod's group can read.
pub(crate) fn secret_file(name: &str, secret: String, key: &str, file: &str) -> Volume {
    let mut volume = secret_volume(name, secret);
    if let Some(source) = &mut volume.secret {
        let (key, path) = (key.to_owned(), file.to_owned());
        source.items = Some(vec![KeyToPath { key, path, ..KeyToPath::default() }]);
    }
    volume
}

/// Mounts a volume in every container of a pod.
pub(crate) fn mount_everywhere(pod: &mut PodSpec, mount: &VolumeMount) {
    for container in pod.init_containers.iter_mut().flatten().chain(&mut pod.containers) {
        container.volume_mounts.get_or_insert_default().push(mount.clone());
    }
}

/// Returns a read-write mount of a volume.
pub(crate) fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

/// Returns a read-only mount of a volume.
pub(crate) fn mount_read_only(name: &str, path: &str) -> VolumeMount {
    VolumeMount { read_only: Some(true), ..mount(name, path) }
}
