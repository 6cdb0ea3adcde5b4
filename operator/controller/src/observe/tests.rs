//! Objects as the API server sends them, and what is made of them.

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
fn a_deployment_is_done_when_all_its_pods_are_of_the_present_generation_and_serve() {
    let status = |observed: i64, replicas: i32, updated: i32, available: i32| {
        json!({
            "observedGeneration": observed, "replicas": replicas, "updatedReplicas": updated,
            "availableReplicas": available, "readyReplicas": available,
        })
    };
    let late = json!([{
        "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
    }]);
    let mut past_deadline = status(2, 3, 1, 2);
    past_deadline["conditions"] = late.clone();
    let mut done_late = status(2, 2, 2, 2);
    done_late["conditions"] = late;
    let cases = [
        ("not seen by its controller", 2, status(1, 2, 2, 2), Progress::Running),
        ("no status", 2, json!({}), Progress::Running),
        ("done", 2, status(2, 2, 2, 2), Progress::Done),
        ("an old pod is left", 2, status(2, 3, 2, 2), Progress::Running),
        ("not all serve", 2, status(2, 2, 2, 1), Progress::Running),
        ("stopped", 0, status(2, 0, 0, 0), Progress::Done),
        ("stopping", 0, status(2, 1, 0, 1), Progress::Running),
        ("past its deadline", 2, past_deadline, Progress::Failed),
        ("done in the end", 2, done_late, Progress::Done),
    ];
    for (case, replicas, status, progress) in cases {
        let child = workload(Kind::Deployment, json!({ "replicas": replicas }), status);
        assert_eq!(child.progress, progress, "{case}");
    }
}

#[test]
fn a_stateful_set_is_done_when_its_pods_are_ready_and_of_one_revision() {
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
fn a_job_is_done_or_failed_by_its_conditions_alone() {
    let status = |type_: &str, status: &str| json!({ "conditions": [{ "type": type_, "status": status }], "failed": 1 });
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

/// Neither the pod's name, another at every try, nor what is used at the moment.
#[test]
fn a_deployment_tells_why_its_pods_are_refused_and_always_the_same() {
    let failure = |message: &str| {
        let conditions = json!([{
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message,
        }]);
        workload(Kind::Deployment, json!({}), json!({ "conditions": conditions })).refusal
    };
    let quota = |pod: &str, used: &str| {
        failure(&format!(
            "pods \"demo-catalog-6c5b8f9d7-{pod}\" is forbidden: exceeded quota: team, requested: \
             limits.memory=64Mi,pods=1, used: limits.memory={used},pods=4, limited: \
             limits.memory=1Gi,pods=4"
        ))
    };
    let told = "its pods are refused: exceeded quota: team, requested: limits.memory=64Mi,pods=1, \
                limited: limits.memory=1Gi,pods=4";
    assert_eq!(quota("x7k2p", "960Mi").as_deref(), Some(told));
    assert_eq!(quota("x7k2p", "960Mi"), quota("m4z9q", "1Gi"));
    let policy = failure(
        "pods \"demo-catalog-6c5b8f9d7-x7k2p\" is forbidden: violates PodSecurity \
         \"restricted:latest\": seccompProfile",
    );
    let told = "its pods are refused: violates PodSecurity \"restricted:latest\": seccompProfile";
    assert_eq!(policy.as_deref(), Some(told));
    assert_eq!(workload(Kind::Deployment, json!({}), json!({})).refusal, None);
}

fn metadata(change: Value) -> ObjectMeta {
    let mut whole = json!({
        "name": "demo-catalog", "namespace": "shop", "uid": "u",
        "resourceVersion": "7", "generation": 2,
        "labels": { STOREFRONT_LABEL: "demo" },
        "annotations": { "deployment.kubernetes.io/revision": "1" },
    });
    for (name, value) in change.as_object().unwrap() {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

/// What moves the mark is answered with an apply; what does not is free.
#[test]
fn the_mark_moves_with_what_a_foreign_hand_can_touch() {
    let revision = json!({ "annotations": { "deployment.kubernetes.io/revision": "2" } });
    let annotation = json!({ "annotations": { "a": "b" } });
    let label = json!({ "labels": { STOREFRONT_LABEL: "demo", "a": "b" } });
    let owner = json!({ "ownerReferences": [
        { "apiVersion": "v1", "kind": "A", "name": "a", "uid": "b" },
    ]});
    let cases = [
        // (change, moves a workload's, moves a Service's)
        (json!({}), false, false),
        (json!({ "resourceVersion": "8" }), false, true),
        (json!({ "generation": 3, "resourceVersion": "8" }), true, true),
        (revision, false, false),
        (annotation, true, false),
        (label, true, false),
        (owner, true, false),
    ];
    for (change, of_workload, of_service) in cases {
        for (kind, moves) in [(Kind::Deployment, of_workload), (Kind::Service, of_service)] {
            let mark = |metadata| Child::from_metadata(kind, &metadata).mark;
            let moved = mark(metadata(json!({}))) != mark(metadata(change.clone()));
            assert_eq!(moved, moves, "{kind:?} {change}");
        }
    }
}

#[test]
fn a_child_belongs_to_its_owner_and_without_one_to_whom_its_label_names() {
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
        assert_eq!(found, name.map(|name| Key::new("shop", name)), "{change}");
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
    let mut whole = json!({
        "name": "catalog", "image": "storefront/shop:1", "ready": false, "restartCount": 0,
    });
    for (name, value) in state.as_object().unwrap() {
        whole[name] = value.clone();
    }
    json!({ "phase": "Running", "containerStatuses": [whole] })
}

#[test]
fn a_pod_tells_what_is_wrong_and_always_the_same_of_the_same_trouble() {
    let waiting = |reason: &str| {
        container(json!({ "state": { "waiting": {
            "reason": reason, "message": "back-off 20s",
        }}}))
    };
    let ended = json!({ "terminated": {
        "exitCode": 1, "reason": "Error", "message": "starting\nDATABASE_URL is missing\n",
    }});
    let crash = "container catalog ended with code 1: DATABASE_URL is missing";
    let pull = "image storefront/shop:1 cannot be pulled";
    let backing_off = container(json!({
        "state": { "waiting": { "reason": "CrashLoopBackOff" } }, "lastState": ended,
        "restartCount": 1,
    }));
    let again = |restarts: i32, ready: bool| {
        container(json!({
            "state": { "running": {} }, "lastState": ended, "restartCount": restarts, "ready": ready,
        }))
    };
    let unschedulable = json!({ "phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }]});
    let memory = container(json!({
        "state": { "waiting": { "reason": "CrashLoopBackOff" } },
        "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
    }));
    let cases = [
        (waiting("ErrImagePull"), Some((CauseKind::ImagePullTried, pull))),
        (waiting("ImagePullBackOff"), Some((CauseKind::ImagePull, pull))),
        (waiting("CreateContainerConfigError"), Some((CauseKind::Config, "back-off 20s"))),
        (waiting("ContainerCreating"), None),
        (backing_off, Some((CauseKind::CrashLoop, crash))),
        (again(2, false), Some((CauseKind::CrashLoop, crash))),
        (again(1, false), None),
        (again(9, true), None),
        (memory, Some((CauseKind::CrashLoop, "container catalog ran out of memory"))),
        (unschedulable, Some((CauseKind::Unschedulable, "no node is available: Insufficient cpu"))),
        (json!({ "phase": "Failed", "reason": "Evicted" }), None),
    ];
    for (status, told) in cases {
        let cause = pod(status.clone(), json!({})).cause;
        let cause = cause.as_ref().map(|cause| (cause.kind, cause.message.as_str()));
        assert_eq!(cause, told, "{status}");
        let going = json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" });
        assert_eq!(pod(status, going).cause, None, "a pod on its way out is no trouble");
    }
}

#[test]
fn a_jobs_pod_means_something_by_failing() {
    let status = json!({ "phase": "Failed", "initContainerStatuses": [{
        "name": "provision", "image": "a", "state": { "terminated": {
            "exitCode": 2, "reason": "Error", "message": "password authentication failed",
        }},
    }]});
    let of_job = json!({ "labels": {
        STOREFRONT_LABEL: "demo", "batch.kubernetes.io/job-name": "migrate",
    }});
    let pod = pod(status, of_job);
    assert_eq!(pod.job.as_deref(), Some("migrate"));
    let cause = pod.cause.unwrap();
    assert_eq!(cause.kind, CauseKind::Failed);
    let message = "container provision ended with code 2: password authentication failed";
    assert_eq!(cause.message, message);
}

/// Nodes come and go, and the scheduler counts them anew and in another order.
#[test]
fn why_there_is_no_room_is_told_without_counting_nodes() {
    let told = |message: &str| {
        let status = json!({ "phase": "Pending", "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": message,
        }]});
        pod(status, json!({})).cause.unwrap().message
    };
    let one = told(
        "0/4 nodes are available: 1 Insufficient memory, 3 Insufficient cpu. preemption: 0/4 nodes \
         are available: 4 No preemption victims found for incoming pod.",
    );
    let other = told("0/5 nodes are available: 2 Insufficient cpu, 4 Insufficient memory.");
    assert_eq!(one, "no node is available: Insufficient cpu, Insufficient memory");
    assert_eq!(one, other);
    let volume = told(
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: \
         0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    );
    let unbound = "no node is available: pod has unbound immediate PersistentVolumeClaims";
    assert_eq!(volume, unbound);
    assert_eq!(told("something new"), "something new");
}

/// A node says nothing of a Secret that it cannot mount but that it does not get further.
#[test]
fn a_pod_that_its_node_cannot_set_up_names_the_secrets_it_shows_as_files() {
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
    let told = cause(json!([secret]), "False").unwrap();
    assert_eq!(told.kind, CauseKind::SetUp);
    assert_eq!(told.kind.reason(), "ConfigError");
    assert!(told.message.ends_with("is there the Secret ca with the key ca.crt?"), "{told:?}");
    assert_eq!(cause(json!([secret]), "True"), None, "an image is being pulled");
    assert_eq!(cause(json!([]), "False"), None);
    assert_eq!(cause(json!([secret, claim]), "False"), None, "a disk takes its time");
}

#[test]
fn a_pod_has_ended_when_its_containers_have_and_not_when_it_is_on_its_way_out() {
    let going = || json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" });
    let cases = [("Running", false), ("Pending", false), ("Succeeded", true), ("Failed", true)];
    for (phase, ended) in cases {
        assert_eq!(pod(json!({ "phase": phase }), going()).ended, ended, "{phase}");
    }
}

/// Lines as PostgreSQL and Redis write them, of two starts.
#[test]
fn the_gist_of_a_stores_log_is_what_was_fatal_without_times_and_processes() {
    let postgres = |time: &str, process: u32| {
        format!(
            "{time} UTC [{process}] LOG:  starting PostgreSQL 17.2 on x86_64-pc-linux-gnu\n\
             {time} UTC [31] shop@catalog FATAL:  the database system is starting up\n\
             {time} UTC [{process}] FATAL:  could not write lock file \"postmaster.pid\": No \
             space left on device\n\
             {time} UTC [{process}] LOG:  database system is shut down\n"
        )
    };
    let told =
        Some("FATAL:  could not write lock file \"postmaster.pid\": No space left on device");
    assert_eq!(gist(&postgres("2026-11-22 20:39:38.123", 1)).as_deref(), told);
    assert_eq!(gist(&postgres("2026-11-23 01:02:03.004", 27)).as_deref(), told);
    let redis = |start: &str| {
        format!(
            "{start} # WARNING Memory overcommit must be enabled!\n\
             {start} * Reading RDB base file on AOF loading...\n\
             {start} # Bad file format reading the append only file appendonly.aof.1.incr.aof\n\
             {start} * Redis is now ready to exit, bye bye...\n"
        )
    };
    let told = Some("Bad file format reading the append only file appendonly.aof.1.incr.aof");
    assert_eq!(gist(&redis("1:M 22 Nov 2026 20:39:38.123")).as_deref(), told);
    assert_eq!(gist(&redis("7:C 01 Dec 2026 00:00:00.001")).as_deref(), told);
    let ours = "storefront: the data on the volume is PostgreSQL 16 and the image is PostgreSQL 17";
    assert_eq!(gist(ours).as_deref(), Some(ours));
    let plain = "2026-11-22 20:39:38.123 UTC [1] LOG:  invalid value for parameter\n";
    assert_eq!(gist(plain).as_deref(), Some("LOG:  invalid value for parameter"));
    assert_eq!(gist("2 of 3 steps failed").as_deref(), Some("2 of 3 steps failed"));
}

#[test]
fn the_gist_of_a_log_is_its_last_line_without_what_ticks() {
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
    for (log, told) in cases {
        assert_eq!(gist(log), told, "{log}");
    }
}

/// One that cannot be read is reported in its own status; it must not stop its watch.
#[test]
fn a_storefront_that_cannot_be_read_is_a_row_with_a_reason() {
    let object = json!({
        "metadata": { "name": "demo", "namespace": "shop", "uid": "u", "generation": 3 },
        "spec": { "version": 7 },
    });
    let row = StorefrontRow::from_object(serde_json::from_value(object).unwrap());
    assert_eq!((row.uid.as_str(), row.generation), ("u", 3));
    assert!(row.storefront.unwrap_err().contains("version"));
}
