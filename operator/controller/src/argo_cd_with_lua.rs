//! Tests of the health check for Argo CD, on statuses that the operator reports. They need Lua 5.1
//! to 5.4.

use std::io;
use std::process::{Command, Output};

use serde_json::{Value, json};
use storefront_desired::{Kind, Progress};

use crate::fake_cluster::FakeCluster;

/// The script as it is installed in Argo CD.
const SCRIPT: &str = include_str!("../../../charts/storefront-operator/files/argocd-health.lua");

/// Runs a script as Argo CD does: the object is the global `obj`, and only basic functions and the
/// library of tables exist. Lua 5.1 has `setfenv`; later versions pass the globals to `load`.
const HARNESS: &str = "\
    local function compile(code, globals)\n\
      if setfenv then return setfenv(assert(loadstring(code, 'health')), globals) end\n\
      return assert(load(code, 'health', 't', globals))\n\
    end\n\
    local globals = { ipairs = ipairs, pairs = pairs, table = table, tostring = tostring }\n\
    globals.obj = compile('return ' .. arg[1], {})()\n\
    local health = compile(arg[2], globals)()\n\
    print(health.status .. ': ' .. health.message)\n";

/// The names of the interpreter. Argo CD implements Lua 5.1, so that version is preferred.
const INTERPRETERS: [&str; 5] = ["lua5.1", "lua5.4", "lua5.3", "lua5.2", "lua"];

/// The versions that the harness supports, as `_VERSION` names them.
const VERSIONS: [&str; 4] = ["Lua 5.1", "Lua 5.2", "Lua 5.3", "Lua 5.4"];

/// Returns the health of an object as `status: message`.
fn health(object: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let harness = folder.path().join("harness.lua");
    std::fs::write(&harness, HARNESS).unwrap();
    let arguments = [harness.to_str().unwrap(), &lua_literal(object), SCRIPT];
    let output = run(interpreter(), &arguments).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the first interpreter that is installed in a supported version.
fn interpreter() -> &'static str {
    let versions = INTERPRETERS.map(|name| (name, version(name)));
    let is_supported = |version: &str| VERSIONS.contains(&version);
    let found = versions.iter().find(|(_, version)| version.as_deref().is_some_and(is_supported));
    let (name, _) = found.unwrap_or_else(|| {
        let installed = versions.iter().filter(|(_, version)| version.is_some());
        panic!(
            "one of {VERSIONS:?} is needed, found {:?}: run hack/tools.sh lua, or install it",
            installed.collect::<Vec<_>>()
        )
    });
    name
}

/// Returns the version of an interpreter, if it runs.
fn version(interpreter: &str) -> Option<String> {
    let output = run(interpreter, &["-e", "print(_VERSION)"]).ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn run(interpreter: &str, arguments: &[&str]) -> io::Result<Output> {
    Command::new(interpreter).args(arguments).output()
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
