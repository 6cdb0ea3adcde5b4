//! The definition as a document: published, small, described, bounded.

#![expect(clippy::unwrap_used, reason = "a fixture that fails fails the test")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use storefront_api::{crd, reference};

const KILOBYTE: usize = 1_000;

/// Calls `visit` with the path and the schema of every node.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, visit);
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            walk(&format!("{path}{mark}"), &schema[key], visit);
        }
    }
}

fn schema(pointer: &str) -> Value {
    let crd = serde_json::to_value(crd::definition().unwrap()).unwrap();
    crd.pointer(&format!("/spec/versions/0/schema/openAPIV3Schema{pointer}")).unwrap().clone()
}

/// Returns the paths of the nodes that match.
fn paths_where(pointer: &str, matches: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    walk("", &schema(pointer), &mut |path, node| {
        if matches(node) {
            found.push(path.to_owned());
        }
    });
    found
}

#[test]
fn published_files_match_the_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (folder, file, expected) in [
        ("crds", crd::FILE, crd::yaml().unwrap()),
        ("charts/storefront-operator/files", crd::FILE, crd::yaml().unwrap()),
        ("docs/reference", reference::FILE, reference::markdown().unwrap()),
    ] {
        let published = fs::read_to_string(root.join(folder).join(file)).unwrap();
        let command = "cargo run -p storefront-api --example crd";
        assert!(published == expected, "{folder}/{file} is outdated: run {command}");
    }
}

/// `kubectl apply` stores a copy in an annotation, and the size of annotations is limited.
#[test]
fn definition_is_small_enough_for_client_side_apply() {
    let size = crd::yaml().unwrap().len();
    assert!(size < 80 * KILOBYTE, "{size} bytes");
}

/// `kubectl explain` is the reference. The description of a list describes its items as well.
#[test]
fn every_field_is_described() {
    for part in ["/properties/spec", "/properties/status"] {
        let mut found = Vec::new();
        walk("", &schema(part), &mut |path, node| {
            let described = node["description"].as_str().is_some_and(|text| text.ends_with('.'));
            if !described && !path.ends_with("[]") {
                found.push(path.to_owned());
            }
        });
        assert!(found.is_empty(), "{part}: {found:?}");
    }
}

#[test]
fn every_spec_field_is_bounded() {
    let spec = "/properties/spec";
    let lists = paths_where(spec, |node| node["type"] == "array" && node["maxItems"].is_null());
    let maps = paths_where(spec, |node| {
        node["additionalProperties"].is_object() && node["maxProperties"].is_null()
    });
    let strings = paths_where(spec, |node| {
        node["type"] == "string" && node["maxLength"].is_null() && node["enum"].is_null()
    });
    let numbers = paths_where(spec, |node| node["type"] == "integer" && node["maximum"].is_null());
    assert_eq!((lists, maps, strings, numbers), Default::default());
}

/// Server-side apply replaces a list as a whole unless the schema states how to merge it.
#[test]
fn every_list_has_a_merge_strategy() {
    let lists =
        paths_where("", |node| node["type"] == "array" && node["x-kubernetes-list-type"].is_null());
    assert!(lists.is_empty(), "{lists:?}");
}

/// A null would satisfy `has()` in rules without being a value.
#[test]
fn no_field_is_nullable() {
    assert!(paths_where("", |node| !node["nullable"].is_null()).is_empty());
}
