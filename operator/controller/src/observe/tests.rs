//! Tests of the parsing of API objects.

use serde_json::{Value, json};

use super::*;

fn workload(kind: Kind, spec: Value, status: Value) -> Child {
    let object = json!({
        "metadata": { "generation": 2, "uid": "u", "resourceVersion": "7" },
        "spec": spec, "status": status,
    });
    Child::from_workload(kind, &serde_json::from_value(object).unwrap())
}

#[test]
fn deployment_is_done_when_all_pods_are_current_and_available() {
    let status = |observed: i64, replicas: i32, updated: i32, available: i32| {
        json!({
            "observedGeneration": observed, "replicas": replicas, "updatedReplicas": updated,
            "availableReplicas": available, "readyReplicas": available,
        })
    };
    let deadline_exceeded = json!([{
        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
    }]);
    let mut past_deadline = status(2, 3, 1, 2);
    past_deadline["conditions"] = deadline_exceeded.clone();
    let mut done_past_deadline = status(2, 2, 2, 2);
    done_past_deadline["conditions"] = deadline_exceeded;
    let cases = [
        ("not observed by its controller", 2, status(1, 2, 2, 2), Progress::Running),
        ("no status", 2, json!({}), Progress::Running),
        ("done", 2, status(2, 2, 2, 2), Progress::Done),
        ("an old pod remains", 2, status(2, 3, 2, 2), Progress::Running),
        ("not all available", 2, status(2, 2, 2, 1), Progress::Running),
        ("stopped", 0, status(2, 0, 0, 0), Progress::Done),
        ("stopping", 0, status(2, 1, 0, 1), Progress::Running),
        ("past its deadline", 2, past_deadline, Progress::Failed),
        ("done past its deadline", 2, done_past_deadline, Progress::Done),
    ];
    for (case, replicas, status, progress) in cases {
        let child = workload(Kind::Deployment, json!({ "replicas": replicas }), status);
        assert_eq!(child.progress, progress, "{case}");
    }
}

#[test]
fn stateful_set_is_done_when_pods_are_ready_at_one_revision() {
    let status = |ready: i32, current: &str| {
        json!({
            "observedGeneration": 2, "replicas": 1, "readyReplicas": ready,
            "currentRevision": current, "updateRevision": "b",
        })
    };
    let stopped = json!({ "observedGeneration": 2, "currentRevision": "a", "updateRevision": "b" });
    let cases = [
        (1, status(1, "b"), Progress::Done),
        (1, status(0, "b"), Progress::Running),
        (1, status(1, "a"), Progress::Running),
        (0, stopped, Progress::Done),
        (1, json!({}), Progress::Running),
    ];
    for (replicas, status, progress) in cases {
        let spec = json!({ "replicas": replicas });
        let child = workload(Kind::StatefulSet, spec, status.clone());
        assert_eq!(child.progress, progress, "{status}");
    }
}

#[test]
fn job_progress_follows_its_conditions_only() {
    let status = |type_: &str, status: &str| {
        let conditions = json!([{ "type": type_, "status": status }]);
        json!({ "conditions": conditions, "failed": 1 })
    };
    let cases = [
        (status("Complete", "True"), Progress::Done),
        (status("Failed", "True"), Progress::Failed),
        (status("Failed", "False"), Progress::Running),
        (status("FailureTarget", "True"), Progress::Running),
        (json!({ "failed": 2 }), Progress::Running),
    ];
    for (status, progress) in cases {
        let child = workload(Kind::Job, json!({}), status.clone());
        assert_eq!((child.progress, child.desired_replicas), (progress, 0), "{status}");
    }
}

/// The message omits the pod's name, which differs at every attempt, and the current use of the
/// quota.
#[test]
fn pod_rejection_message_is_stable_between_attempts() {
    let failure = |message: &str| {
        let conditions = json!([{
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
            "message": message,
        }]);
        workload(Kind::Deployment, json!({}), json!({ "conditions": conditions })).pod_rejection
    };
    let quota = |pod: &str, used: &str| {
        failure(&format!(
            "pods \"demo-catalog-6c5b8f9d7-{pod}\" is forbidden: exceeded quota: team, requested: \
             limits.memory=64Mi,pods=1, used: limits.memory={used},pods=4, limited: \
             limits.memory=1Gi,pods=4"
        ))
    };
    let expected = "pods cannot be created: exceeded quota: team, requested: \
                    limits.memory=64Mi,pods=1, limited: limits.memory=1Gi,pods=4";
    assert_eq!(quota("x7k2p", "960Mi").as_deref(), Some(expected));
    assert_eq!(quota("x7k2p", "960Mi"), quota("m4z9q", "1Gi"));
    let policy = failure(
        "pods \"demo-catalog-6c5b8f9d7-x7k2p\" is forbidden: violates PodSecurity \
         \"restricted:latest\": seccompProfile",
    );
    let expected =
        "pods cannot be created: violates PodSecurity \"restricted:latest\": seccompProfile";
    assert_eq!(policy.as_deref(), Some(expected));
    assert_eq!(workload(Kind::Deployment, json!({}), json!({})).pod_rejection, None);
}

fn metadata(change: Value) -> ObjectMeta {
    let mut metadata = json!({
        "name": "demo-catalog", "namespace": "shop", "uid": "u",
        "resourceVersion": "7", "generation": 2,
        "labels": { STOREFRONT_LABEL: "demo" },
        "annotations": { "deployment.kubernetes.io/revision": "1" },
    });
    for (name, value) in change.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    serde_json::from_value(metadata).unwrap()
}

/// A change of the fingerprint causes an apply.
#[test]
fn drift_fingerprint_changes_with_writes_of_other_managers() {
    let revision = json!({ "annotations": { "deployment.kubernetes.io/revision": "2" } });
    let annotation = json!({ "annotations": { "a": "b" } });
    let label = json!({ "labels": { STOREFRONT_LABEL: "demo", "a": "b" } });
    let owner = json!({ "ownerReferences": [
        { "apiVersion": "v1", "kind": "A", "name": "a", "uid": "b" },
    ]});
    let cases = [
        // (change, whether it changes the fingerprint of a workload, and of a Service)
        (json!({}), false, false),
        (json!({ "resourceVersion": "8" }), false, true),
        (json!({ "generation": 3, "resourceVersion": "8" }), true, true),
        (revision, false, false),
        (annotation, true, false),
        (label, true, false),
        (owner, true, false),
    ];
    for (change, workload_changes, service_changes) in cases {
        for (kind, changes) in
            [(Kind::Deployment, workload_changes), (Kind::Service, service_changes)]
        {
            let drift_fingerprint =
                |metadata| Child::from_metadata(kind, &metadata).drift_fingerprint;
            let changed = drift_fingerprint(metadata(json!({})))
                != drift_fingerprint(metadata(change.clone()));
            assert_eq!(changed, changes, "{kind:?} {change}");
        }
    }
}

#[test]
fn storefront_of_child_is_its_owner_or_else_its_label() {
    let owner = |name: &str, kind: &str| {
        json!({ "ownerReferences": [{
            "apiVersion": "storefront.dev/v1alpha1", "kind": kind, "name": name, "uid": "o",
            "controller": true,
        }]})
    };
    let cases = [
        (json!({}), Some("demo")),
        (owner("other", "Storefront"), Some("other")),
        (owner("a-replica-set", "ReplicaSet"), Some("demo")),
        (json!({ "labels": {} }), None),
        (json!({ "namespace": null }), None),
    ];
    for (change, name) in cases {
        let found = storefront_of(&metadata(change.clone()));
        assert_eq!(found, name.map(|name| ObjectKey::new("shop", name)), "{change}");
    }
}

fn pod(status: Value, change: Value) -> Pod {
    pod_with(json!({}), status, change)
}

fn pod_with(spec: Value, status: Value, change: Value) -> Pod {
    let metadata = metadata(change);
    let metadata = serde_json::to_value(metadata).unwrap();
    let object = json!({ "metadata": metadata, "spec": spec, "status": status });
    Pod::from_object(&serde_json::from_value(object).unwrap())
}

fn container(state: Value) -> Value {
    let mut container = json!({
        "name": "catalog", "image": "storefront/shop:1", "ready": false, "restartCount": 0,
    });
    for (name, value) in state.as_object().unwrap() {
        container[name] = value.clone();
    }
    json!({ "phase": "Running", "containerStatuses": [container] })
}

#[test]
fn pod_cause_is_stable_for_the_same_problem() {
    let waiting = |reason: &str| {
        container(json!({ "state": { "waiting": {
            "reason": reason, "message": "back-off 20s",
        }}}))
    };
    let ended = json!({ "terminated": {
        "exitCode": 1, "reason": "Error", "message": "starting\nDATABASE_URL is missing\n",
    }});
    let crash = "container catalog exited with code 1: DATABASE_URL is missing";
    let pull = "image storefront/shop:1 cannot be pulled";
    let backing_off = container(json!({
        "state": { "waiting": { "reason": "CrashLoopBackOff" } }, "lastState": ended,
        "restartCount": 1,
    }));
    let again = |restarts: i32, ready: bool| {
        container(json!({
            "state": { "running": {} }, "lastState": ended, "restartCount": restarts,
            "ready": ready,
        }))
    };
    let unschedulable = json!({ "phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }]});
    let history = container(json!({
        "state": { "waiting": { "reason": "CrashLoopBackOff" } },
        "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
    }));
    let cases = [
        (waiting("ErrImagePull"), Some((CauseKind::ImagePullRetrying, pull))),
        (waiting("ImagePullBackOff"), Some((CauseKind::ImagePull, pull))),
        (waiting("CreateContainerConfigError"), Some((CauseKind::Config, "back-off 20s"))),
        (waiting("ContainerCreating"), None),
        (backing_off, Some((CauseKind::CrashLoop, crash))),
        (again(2, false), Some((CauseKind::CrashLoop, crash))),
        (again(1, false), None),
        (again(9, true), None),
        (history, Some((CauseKind::CrashLoop, "container catalog ran out of memory"))),
        (unschedulable, Some((CauseKind::Unschedulable, "no node is available: Insufficient cpu"))),
        (json!({ "phase": "Failed", "reason": "Evicted" }), None),
    ];
    for (status, expected) in cases {
        let cause = pod(status.clone(), json!({})).cause;
        let cause = cause.as_ref().map(|cause| (cause.kind, cause.message.as_str()));
        assert_eq!(cause, expected, "{status}");
        let terminating = json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" });
        assert_eq!(pod(status, terminating).cause, None, "a terminating pod has no cause");
    }
}

#[test]
fn failed_pod_of_a_job_has_a_cause() {
    let status = json!({ "phase": "Failed", "initContainerStatuses": [{
        "name": "provision", "image": "a", "state": { "terminated": {
            "exitCode": 2, "reason": "Error", "message": "password authentication failed",
        }},
    }]});
    let job_labels = json!({ "labels": {
        STOREFRONT_LABEL: "demo", "batch.kubernetes.io/job-name": "migrate",
    }});
    let pod = pod(status, job_labels);
    assert_eq!(pod.job.as_deref(), Some("migrate"));
    let cause = pod.cause.unwrap();
    assert_eq!(cause.kind, CauseKind::Failed);
    let message = "container provision exited with code 2: password authentication failed";
    assert_eq!(cause.message, message);
}

/// A pod of a Job with the container `migrate` and an injected one.
fn pod_with_sidecar(phase: &str, migrate: Value, sidecar: Value) -> Pod {
    let status = json!({ "phase": phase, "containerStatuses": [
        { "name": "istio-proxy", "image": "a", "state": sidecar },
        { "name": "migrate", "image": "a", "state": migrate },
    ]});
    let of_job = json!({
        "labels": { STOREFRONT_LABEL: "demo", "batch.kubernetes.io/job-name": "migrate-1" },
        "annotations": { MAIN_CONTAINER_ANNOTATION: "migrate" },
    });
    pod(status, of_job)
}

#[test]
fn container_that_keeps_a_job_is_named() {
    let running = || json!({ "running": {} });
    let ended = |code: i32| {
        let message = "no such role";
        json!({ "terminated": { "exitCode": code, "reason": "Error", "message": message } })
    };
    let cases = [
        // (phase, migrate, istio-proxy, kind and end of the message's explanation)
        ("Running", running(), running(), None),
        ("Running", running(), ended(0), None),
        (
            "Running",
            ended(0),
            running(),
            Some((CauseKind::SidecarRunning, "container migrate has ended")),
        ),
        (
            "Running",
            ended(1),
            running(),
            Some((CauseKind::SidecarRunning, "container migrate exited with code 1: no such role")),
        ),
        ("Succeeded", ended(0), ended(0), None),
        (
            "Failed",
            ended(1),
            ended(0),
            Some((CauseKind::Failed, "container migrate exited with code 1: no such role")),
        ),
    ];
    for (phase, migrate, sidecar, expected) in cases {
        let case = format!("{phase} {migrate} {sidecar}");
        let cause = pod_with_sidecar(phase, migrate, sidecar).cause;
        assert_eq!(cause.as_ref().map(|c| c.kind), expected.map(|(kind, _)| kind), "{case}");
        let Some((cause, (kind, explanation))) = cause.zip(expected) else { continue };
        assert!(cause.message.contains(explanation), "{}", cause.message);
        let names_sidecar = cause.message.contains("container istio-proxy");
        assert_eq!(names_sidecar, kind == CauseKind::SidecarRunning, "{}", cause.message);
    }
}

#[test]
fn refused_database_has_a_cause_of_its_own() {
    let cause = |exit_code: i32, message: &str| {
        let status = json!({ "phase": "Failed", "initContainerStatuses": [{
            "name": "provision", "image": "a", "state": { "terminated": {
                "exitCode": exit_code, "reason": "Error", "message": message,
            }},
        }]});
        let labels = json!({ "labels": {
            STOREFRONT_LABEL: "demo", "batch.kubernetes.io/job-name": "migrate",
        }});
        pod(status, labels).cause.unwrap()
    };
    let refusal = "the database user_db is in use by the Storefront c/shop/demo";
    let in_use = cause(10, &format!("shop: {refusal}\n"));
    assert_eq!(in_use.kind, CauseKind::DatabaseInUse);
    assert_eq!(in_use.kind.reason(), "DatabaseInUse");
    assert!(in_use.message.starts_with(refusal), "{}", in_use.message);
    assert!(in_use.message.contains("storefront.dev/take-over-databases"), "{}", in_use.message);
    assert_eq!(cause(1, "shop: no connection").kind, CauseKind::Failed);
}

/// The scheduler lists its reasons in any order, with numbers of nodes that change over time.
#[test]
fn unschedulable_message_omits_node_counts() {
    let message_for = |message: &str| {
        let status = json!({ "phase": "Pending", "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": message,
        }]});
        pod(status, json!({})).cause.unwrap().message
    };
    let one = message_for(
        "0/4 nodes are available: 1 Insufficient memory, 3 Insufficient cpu. preemption: 0/4 nodes \
         are available: 4 No preemption victims found for incoming pod.",
    );
    let other = message_for("0/5 nodes are available: 2 Insufficient cpu, 4 Insufficient memory.");
    assert_eq!(one, "no node is available: Insufficient cpu, Insufficient memory");
    assert_eq!(one, other);
    let volume = message_for(
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: \
         0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    );
    let unbound = "no node is available: pod has unbound immediate PersistentVolumeClaims";
    assert_eq!(volume, unbound);
    assert_eq!(message_for("something new"), "something new");
}

/// The status of a pod whose Secret cannot be mounted contains no reason.
#[test]
fn pod_setup_failure_names_the_mounted_secrets() {
    let status = |set_up: &str| {
        json!({ "phase": "Pending", "conditions": [
            { "type": "PodScheduled", "status": "True" },
            { "type": "PodReadyToStartContainers", "status": set_up },
        ], "containerStatuses": [{
            "name": "catalog", "image": "a", "state": { "waiting": {
                "reason": "ContainerCreating",
            }},
        }]})
    };
    let secret = json!({ "secret": { "secretName": "ca", "items": [{ "key": "ca.crt" }] } });
    let claim = json!({ "persistentVolumeClaim": { "claimName": "data" } });
    let cause = |volumes: Value, set_up: &str| {
        pod_with(json!({ "volumes": volumes }), status(set_up), json!({})).cause
    };
    let setup_failure = cause(json!([secret]), "False").unwrap();
    assert_eq!(setup_failure.kind, CauseKind::SetUp);
    assert_eq!(setup_failure.kind.reason(), "ConfigError");
    assert!(
        setup_failure.message.ends_with("check that the Secret ca with the key ca.crt exists"),
        "{setup_failure:?}"
    );
    assert_eq!(cause(json!([secret]), "True"), None, "an image is being pulled");
    assert_eq!(cause(json!([]), "False"), None);
    assert_eq!(cause(json!([secret, claim]), "False"), None, "attaching a disk may take long");
}

#[test]
fn terminating_pod_has_ended_only_when_its_containers_have() {
    let terminating = || json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" });
    let cases = [("Running", false), ("Pending", false), ("Succeeded", true), ("Failed", true)];
    for (phase, ended) in cases {
        assert_eq!(pod(json!({ "phase": phase }), terminating()).ended, ended, "{phase}");
    }
}

/// Log lines of PostgreSQL and Redis from two starts.
#[test]
fn datastore_log_summary_is_the_fatal_line_without_prefix() {
    let postgres = |time: &str, process: u32| {
        format!(
            "{time} UTC [{process}] LOG:  starting PostgreSQL 17.2 on x86_64-pc-linux-gnu\n\
             {time} UTC [31] shop@catalog FATAL:  the database system is starting up\n\
             {time} UTC [{process}] FATAL:  could not write lock file \"postmaster.pid\": No \
             space left on device\n\
             {time} UTC [{process}] LOG:  database system is shut down\n"
        )
    };
    let expected =
        Some("FATAL:  could not write lock file \"postmaster.pid\": No space left on device");
    assert_eq!(summarize_log(&postgres("2026-11-22 20:39:38.123", 1)).as_deref(), expected);
    assert_eq!(summarize_log(&postgres("2026-11-23 01:02:03.004", 27)).as_deref(), expected);
    let redis = |start: &str| {
        format!(
            "{start} # WARNING Memory overcommit must be enabled!\n\
             {start} * Reading RDB base file on AOF loading...\n\
             {start} # Bad file format reading the append only file appendonly.aof.1.incr.aof\n\
             {start} * Redis is now ready to exit, bye bye...\n"
        )
    };
    let expected = Some("Bad file format reading the append only file appendonly.aof.1.incr.aof");
    assert_eq!(summarize_log(&redis("1:M 22 Nov 2026 20:39:38.123")).as_deref(), expected);
    assert_eq!(summarize_log(&redis("7:C 01 Dec 2026 00:00:00.001")).as_deref(), expected);
    let provisioning_error =
        "storefront: the data on the volume is PostgreSQL 16 and the image is PostgreSQL 17";
    assert_eq!(summarize_log(provisioning_error).as_deref(), Some(provisioning_error));
    let plain = "2026-11-22 20:39:38.123 UTC [1] LOG:  invalid value for parameter\n";
    assert_eq!(summarize_log(plain).as_deref(), Some("LOG:  invalid value for parameter"));
    assert_eq!(summarize_log("2 of 3 steps failed").as_deref(), Some("2 of 3 steps failed"));
}

#[test]
fn log_summary_is_the_last_line_without_timestamp() {
    let record = json!({ "timestamp": "2026", "fields": { "message": "ending", "error": "no" } });
    let flat = json!({ "timestamp": "2026", "message": "ending" });
    let long = "x".repeat(500);
    let cases = [
        ("", None),
        ("\n \n", None),
        ("one\ntwo\n", Some("two".to_owned())),
        (&record.to_string(), Some("ending: no".to_owned())),
        (&flat.to_string(), Some("ending".to_owned())),
        ("{\"a\":1}", Some("{\"a\":1}".to_owned())),
        (&long, Some(format!("{}…", "x".repeat(200)))),
    ];
    for (log, expected) in cases {
        assert_eq!(summarize_log(log), expected, "{log}");
    }
}

/// An invalid Storefront is reported in its own status and must not stop the watch.
#[test]
fn invalid_storefront_is_stored_with_its_parse_error() {
    let object = json!({
        "metadata": { "name": "demo", "namespace": "shop", "uid": "u", "generation": 3 },
        "spec": { "version": 7 },
    });
    let observed = ObservedStorefront::from_object(serde_json::from_value(object).unwrap());
    assert_eq!((observed.uid.as_str(), observed.generation), ("u", 3));
    assert!(observed.parsed.unwrap_err().contains("version"));
}
