//! Contract test of the OpenAPI document.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use serde_json::Value;

const COMMITTED: &str = include_str!("../openapi.json");

/// The gateway serves the committed `openapi.json`, which must match the routes. To update it, run
/// `UPDATE_OPENAPI=1 cargo test -p gateway --test openapi`, and review the difference.
#[test]
fn committed_document_matches_the_routes() {
    let generated = gateway::openapi().to_pretty_json().expect("JSON") + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        std::fs::write(path, &generated).expect("written");
        return;
    }
    assert!(generated == COMMITTED, "openapi.json is stale; see the comment of this test");
}

fn document() -> Value {
    serde_json::to_value(gateway::openapi()).expect("JSON")
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods.iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn operations_document_security_and_responses() {
    let document = document();
    assert!(document["openapi"].as_str().expect("a version").starts_with("3.1"));
    for (name, operation) in operations(&document) {
        for member in ["operationId", "summary", "tags", "security", "responses"] {
            assert!(!operation[member].is_null(), "{name} has no {member}");
        }
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
        for (status, response) in responses {
            let response = match response["$ref"].as_str() {
                Some(reference) => {
                    document.pointer(&reference[1..]).expect("the target of a reference")
                }
                None => response,
            };
            assert!(!response["description"].as_str().unwrap_or_default().is_empty());
            assert!(!response["headers"]["X-Request-Id"].is_null(), "{name} {status}");
            let problem = &response["content"]["application/problem+json"];
            let is_error = status.starts_with('4') || status.starts_with('5');
            assert_eq!(!problem.is_null(), is_error, "{name} {status}");
        }
        if name.contains("/admin/") {
            for status in ["401", "403"] {
                assert!(responses.contains_key(status), "{name} has no {status}");
            }
        }
    }
}

#[test]
fn examples_conform_to_their_schemas() {
    let document = document();
    let problem = serde_json::json!({
        "components": document["components"], "$ref": "#/components/schemas/Problem",
    });
    let problem = jsonschema::validator_for(&problem).expect("a schema");
    for (name, example) in document["components"]["examples"].as_object().expect("examples") {
        assert!(problem.is_valid(&example["value"]), "{name}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let Some(example) = property.get("example") else { continue };
            let root = serde_json::json!({
                "components": document["components"], "allOf": [property],
            });
            let validator = jsonschema::validator_for(&root).expect("a schema");
            assert!(validator.is_valid(example), "{name}.{field}: {example}");
        }
    }
}
