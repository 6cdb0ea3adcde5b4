//! Tests of the health check for Argo CD, on statuses that the operator reports. They need a Lua
//! interpreter.

use std::process::Command;

use serde_json::{Value, json};
use storefront_desired::{Kind, Progress};

use crate::fake_cluster::FakeCluster;

/// The script as it is installed in Argo CD.
const SCRIPT: &str = include_str!("../../../charts/storefront-operator/files/argocd-health.lua");

/// Runs a script as Argo CD does: the object is the global `obj`, and only basic functions and the
/// library of tables exist.
const HARNESS: &str = "\
    local globals = { ipairs = ipairs, pairs = pairs, table = table, tostring = tostring }\n\
    globals.obj = assert(load('return ' .. arg[1]))()\n\
    local health = assert(load(arg[2], 'health', 't', globals))()\n\
    print(health.status .. ': ' .. health.message)\n";

/// The names of the interpreter, version 5.2 or later.
const INTERPRETERS: [&str; 3] = ["lua5.4", "lua5.3", "lua"];

/// Returns the health of an object as `status: message`.
fn health(object: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let harness = folder.path().join("harness.lua");
    std::fs::write(&harness, HARNESS).unwrap();
    let output = INTERPRETERS.iter().find_map(|interpreter| {
        let mut command = Command::new(interpreter);
        command.arg(&harness).args([&lua_literal(object), SCRIPT]).output().ok()
    });
    let output = output.expect("no Lua: run hack/tools.sh lua, or install it (Homebrew: lua)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Converts JSON to a Lua expression. Members that are null are absent in Lua.
fn lua_literal(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        // Debug escapes quotes, backslashes and line breaks as Lua does.
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            format!("{{{}}}", items.iter().map(lua_literal).collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, v)| format!("[{name:?}]={}", lua_literal(v)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

fn assert_health(object: &Value, status: &str, message: &str) {
    let health = health(object);
    assert!(health.starts_with(&format!("{status}: ")), "{health}");
    assert!(health.contains(message), "{health}");
}

#[test]
fn health_is_progressing_until_the_change_is_observed() {
    let created = json!({ "metadata": { "name": "demo", "generation": 1 }, "spec": {} });
    assert_health(&created, "Progressing", "waiting for the operator");

    let mut demo = FakeCluster::with_spec(json!({}));
    assert!(demo.settle().ready);
    assert_health(&demo.object(), "Healthy", "all parts are ready at version 0.1.0");
    demo.change_spec(json!({ "version": "0.2.0" }));
    assert_health(&demo.object(), "Progressing", "has not observed the latest change");
    demo.settle();
    assert_health(&demo.object(), "Healthy", "version 0.2.0");
}

#[test]
fn health_follows_ready_and_stalled() {
    let mut demo = FakeCluster::with_spec(json!({}));
    demo.settle();
    for (progress, status) in [(Progress::Running, "Progressing"), (Progress::Failed, "Degraded")] {
        demo.observe_child(Kind::Deployment, "demo-catalog", |child| {
            child.progress = progress;
            child.ready_replicas = 0;
        });
        demo.settle();
        assert_health(&demo.object(), status, "catalog: 0 of 1 pods ready");
    }
}

#[test]
fn suspended_shop_is_suspended() {
    let mut demo = FakeCluster::with_spec(json!({ "suspend": true }));
    demo.settle();
    assert_health(&demo.object(), "Suspended", "scaled to zero");
}
