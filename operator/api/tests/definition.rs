//! The definition as a document: published where it should be, small, described, bounded.

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

fn schema(of: &str) -> Value {
    let crd = serde_json::to_value(crd::definition().unwrap()).unwrap();
    crd.pointer(&format!("/spec/versions/0/schema/openAPIV3Schema{of}")).unwrap().clone()
}

/// The paths of the nodes for which `is_wrong` holds.
fn wrong(of: &str, is_wrong: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    walk("", &schema(of), &mut |path, node| {
        if is_wrong(node) {
            found.push(path.to_owned());
        }
    });
    found
}

#[test]
fn what_is_published_is_what_the_types_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (folder, file, wanted) in [
        ("crds", crd::FILE, crd::yaml().unwrap()),
        ("charts/storefront-operator/files", crd::FILE, crd::yaml().unwrap()),
        ("docs/reference", reference::FILE, reference::markdown().unwrap()),
    ] {
        let published = fs::read_to_string(root.join(folder).join(file)).unwrap();
        let again = "run cargo run -p storefront-api --example crd";
        assert!(published == wanted, "{folder}/{file} is stale: {again}");
    }
}

/// `kubectl apply` keeps a copy in an annotation, and annotations have a limit.
#[test]
fn it_is_small_enough_for_client_side_apply() {
    let size = crd::yaml().unwrap().len();
    assert!(size < 60 * KILOBYTE, "{size} bytes");
}

/// `kubectl explain` is the reference. What a list consists of is described by the list.
#[test]
fn every_field_is_described() {
    for part in ["/properties/spec", "/properties/status"] {
        let mut found = Vec::new();
        walk("", &schema(part), &mut |path, node| {
            let described = node["description"].as_str().is_some_and(|it| it.ends_with('.'));
            if !described && !path.ends_with("[]") {
                found.push(path.to_owned());
            }
        });
        assert!(found.is_empty(), "{part}: {found:?}");
    }
}

#[test]
fn everything_that_people_write_has_a_limit() {
    let spec = "/properties/spec";
    let lists = wrong(spec, |node| node["type"] == "array" && node["maxItems"].is_null());
    let maps = wrong(spec, |node| {
        node["additionalProperties"].is_object() && node["maxProperties"].is_null()
    });
    let texts = wrong(spec, |node| {
        node["type"] == "string" && node["maxLength"].is_null() && node["enum"].is_null()
    });
    let numbers = wrong(spec, |node| node["type"] == "integer" && node["maximum"].is_null());
    assert_eq!((lists, maps, texts, numbers), Default::default());
}

/// Server-side apply replaces a list as a whole unless it knows what tells items apart.
#[test]
fn every_list_says_how_it_is_merged() {
    let lists =
        wrong("", |node| node["type"] == "array" && node["x-kubernetes-list-type"].is_null());
    assert!(lists.is_empty(), "{lists:?}");
}

/// A null would pass `has()` in rules and then be no value.
#[test]
fn nothing_may_be_null() {
    assert!(wrong("", |node| !node["nullable"].is_null()).is_empty());
}
