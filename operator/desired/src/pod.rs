//! What all pods of a shop have in common: how little they may do, how they are probed, how they
//! find each other.

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

/// The user and group of our own images.
pub(crate) const SHOP_USER: i64 = 65_532;
/// The user and group that PostgreSQL's and Redis's images know.
pub(crate) const STORE_USER: i64 = 999;

/// The name of every pod's port for probes and metrics.
pub(crate) const ADMIN_PORT_NAME: &str = "admin";

/// A pod without containers: restricted, without a token for the API server.
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
            // A volume that already is the group's is not walked through at every start.
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

/// Pods call each other by the bare name of a Service, which the first search domain completes.
/// With one dot or more a name is asked for as it stands, before any search domain.
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

/// What the strictest pod security standard asks of a container, and a root file system that
/// nobody writes to.
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

/// How often and how patiently a container is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeTiming {
    /// Seconds from one question to the next.
    pub(crate) period_secs: i32,
    /// Seconds until no answer counts as a bad one.
    pub(crate) timeout_secs: i32,
    /// Bad answers in a row that are believed.
    pub(crate) failures: i32,
}

/// Until it has started: asked every second, so that it serves as soon as it can; an answer may
/// take longer where many pods start at once.
pub(crate) const fn startup_probe(secs: i32) -> ProbeTiming {
    ProbeTiming { period_secs: 1, timeout_secs: 3, failures: secs }
}

/// While it runs: taken out of service within four seconds.
pub(crate) const READINESS: ProbeTiming =
    ProbeTiming { period_secs: 2, timeout_secs: 2, failures: 2 };

/// For ever: restarted when it has not answered for half a minute.
pub(crate) const LIVENESS: ProbeTiming =
    ProbeTiming { period_secs: 10, timeout_secs: 5, failures: 3 };

/// A question over HTTP to the admin port.
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

/// Whether somebody listens on the port of this name. Costs next to nothing.
pub(crate) fn tcp_probe(port: &str, timing: ProbeTiming) -> Probe {
    Probe {
        tcp_socket: Some(TCPSocketAction {
            port: IntOrString::String(port.to_owned()),
            ..TCPSocketAction::default()
        }),
        ..probe(timing)
    }
}

/// Whether this command succeeds in the container. Costs a process each time.
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

/// A command that is run in the container.
pub(crate) fn exec(command: &[&str]) -> ExecAction {
    ExecAction { command: Some(words(command)) }
}

/// The same words, owned.
pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Requests and limits as a container has them.
pub(crate) fn resources(said: &workload::Resources) -> ResourceRequirements {
    ResourceRequirements {
        limits: amounts(said.limits.as_ref()),
        requests: amounts(said.requests.as_ref()),
        ..ResourceRequirements::default()
    }
}

fn amounts(said: Option<&workload::Amounts>) -> Option<BTreeMap<String, Quantity>> {
    let Amounts { cpu, memory } = said?;
    let said = [("cpu", cpu), ("memory", memory)];
    let amounts = said.into_iter().filter_map(|(name, amount)| {
        Some((name.to_owned(), Quantity(amount.as_ref()?.as_str().to_owned())))
    });
    Some(amounts.collect::<BTreeMap<_, _>>()).filter(|amounts| !amounts.is_empty())
}

/// An environment variable.
pub(crate) fn env(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.into()), ..EnvVar::default() }
}

/// An environment variable whose value is in a Secret.
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

/// A port of a container, by name.
pub(crate) fn port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        container_port: i32::from(port),
        name: Some(name.to_owned()),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// An empty folder that is gone with the pod.
pub(crate) fn scratch(name: &str, size_limit: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(size_limit.to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// The files of a ConfigMap.
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

/// The values of a Secret as files, for the pod's own group only.
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

/// One value of a Secret as a file of this name, for the pod's own group only.
pub(crate) fn secret_file(name: &str, secret: String, key: &str, file: &str) -> Volume {
    let mut volume = secret_volume(name, secret);
    if let Some(source) = &mut volume.secret {
        let (key, path) = (key.to_owned(), file.to_owned());
        source.items = Some(vec![KeyToPath { key, path, ..KeyToPath::default() }]);
    }
    volume
}

/// Shows a volume to every container of a pod.
pub(crate) fn mount_everywhere(pod: &mut PodSpec, mount: &VolumeMount) {
    for container in pod.init_containers.iter_mut().flatten().chain(&mut pod.containers) {
        container.volume_mounts.get_or_insert_default().push(mount.clone());
    }
}

/// Where a volume is seen.
pub(crate) fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}

/// Where a volume is seen that is only read.
pub(crate) fn mount_read_only(name: &str, path: &str) -> VolumeMount {
    VolumeMount { read_only: Some(true), ..mount(name, path) }
}
