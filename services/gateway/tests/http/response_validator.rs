//! Holds answers against the document that the gateway publishes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::Answer;

/// One document for all tests, and the schemas made of it so far.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(gateway::openapi()).expect("JSON"));
static SCHEMAS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Headers of every answer.
const ALWAYS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("vary", "Accept-Encoding, Origin, Authorization"),
];

pub(crate) struct Judge;

impl Judge {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Fails unless the answer keeps every promise.
    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        for (name, value) in ALWAYS {
            assert_eq!(answer.header(name), value, "{name} of {method} {path}");
        }
        assert!(!answer.header("x-request-id").is_empty(), "{method} {path} has an id");
        if answer.status.is_client_error() || answer.status.is_server_error() {
            problem(answer);
        }
        if let Some((template, operation)) = operation(method, path) {
            documented(&template, method, operation, answer);
        }
    }
}

/// Every error, also where no route is, is a problem with all its members.
#[track_caller]
fn problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    valid("Problem", &schema, &answer.json());
    let body = answer.json();
    assert_eq!(body["status"], answer.status.as_u16());
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    if let 429 | 503 | 504 = answer.status.as_u16() {
        assert!(answer.header("retry-after").parse::<u64>().expect("seconds") >= 1);
    }
    if answer.status == 401 {
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

/// The operation that a request is one of.
fn operation(method: &Method, path: &str) -> Option<(String, &'static Value)> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let fits = |template: &&String| {
        template.split('/').count() == path.split('/').count()
            && template
                .split('/')
                .zip(path.split('/'))
                .all(|(wanted, part)| wanted == part || wanted.starts_with('{'))
    };
    // A path without parameters is more precise than one with.
    let template = paths.keys().filter(fits).min_by_key(|key| key.matches('{').count())?;
    let operation = paths[template].get(method.as_str().to_ascii_lowercase())?;
    Some((template.clone(), operation))
}

#[track_caller]
fn documented(template: &str, method: &Method, operation: &'static Value, answer: &Answer) {
    if answer.status == 304 {
        return; // of the HTTP cache, not of the operation
    }
    let status = answer.status.as_u16().to_string();
    let name = format!("{method} {template} {status}");
    let response = resolved(&operation["responses"][&status]);
    assert!(!response.is_null(), "{name} is not documented: {:?}", answer.told());
    let essence = answer.header("content-type").split(';').next().unwrap_or_default();
    let content = &response["content"];
    if answer.bytes.is_empty() {
        assert!(content.is_null(), "{name} has no body");
        return;
    }
    if answer.header("content-encoding").is_empty() {
        let schema = &content[essence]["schema"];
        assert!(!schema.is_null(), "{name} is not documented as {essence}");
        valid(&name, schema, &answer.json());
    }
}

/// What a reference refers to.
fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => DOCUMENT.pointer(pointer).expect("references lead somewhere"),
        None => value,
    }
}

/// Fails unless the value is one of the schema.
#[track_caller]
fn valid(name: &str, schema: &Value, value: &Value) {
    let known = SCHEMAS.lock().expect("not poisoned").get(name).cloned();
    let validator = known.unwrap_or_else(|| {
        let root = json!({"components": DOCUMENT["components"], "allOf": [schema]});
        let validator =
            jsonschema::options().should_validate_formats(true).build(&root).expect("a schema");
        let validator = Arc::new(validator);
        SCHEMAS.lock().expect("not poisoned").insert(name.to_owned(), Arc::clone(&validator));
        validator
    });
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {value}");
}
