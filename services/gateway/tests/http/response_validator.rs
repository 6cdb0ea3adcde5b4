//! Validation of responses against the OpenAPI document that the gateway publishes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::Response;

/// The document, and the schemas compiled from it, shared by all tests.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(gateway::openapi()).expect("JSON"));
static SCHEMAS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Headers of every response.
const ALWAYS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("vary", "Accept-Encoding, Origin, Authorization"),
];

/// Validator of responses.
pub(crate) struct ResponseValidator;

impl ResponseValidator {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Fails unless the response conforms to the document.
    #[track_caller]
    pub(crate) fn validate(&self, method: &Method, path: &str, response: &Response) {
        for (name, value) in ALWAYS {
            assert_eq!(response.header(name), value, "{name} of {method} {path}");
        }
        assert!(!response.header("x-request-id").is_empty(), "{method} {path} has an id");
        if response.status.is_client_error() || response.status.is_server_error() {
            validate_problem(response);
        }
        if let Some((template, operation)) = operation(method, path) {
            validate_documented(&template, method, operation, response);
        }
    }
}

/// Fails unless the error is a problem with all its members. This includes errors of unknown paths.
#[track_caller]
fn validate_problem(response: &Response) {
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert_eq!(response.header("cache-control"), "private, no-store");
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    validate_schema("Problem", &schema, &response.json());
    let body = response.json();
    assert_eq!(body["status"], response.status.as_u16());
    assert_eq!(body["request_id"], response.header("x-request-id"));
    if let 429 | 503 | 504 = response.status.as_u16() {
        assert!(response.header("retry-after").parse::<u64>().expect("seconds") >= 1);
    }
    if response.status == 401 {
        assert!(response.header("www-authenticate").starts_with("Bearer"));
    }
}

/// Returns the path template and the operation of a request.
fn operation(method: &Method, path: &str) -> Option<(String, &'static Value)> {
    let path = path.split('?').next().unwrap_or_default();
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let matches = |template: &&String| {
        template.split('/').count() == path.split('/').count()
            && template
                .split('/')
                .zip(path.split('/'))
                .all(|(expected, part)| expected == part || expected.starts_with('{'))
    };
    // A path with fewer parameters is more specific.
    let template = paths.keys().filter(matches).min_by_key(|key| key.matches('{').count())?;
    let operation = paths[template].get(method.as_str().to_ascii_lowercase())?;
    Some((template.clone(), operation))
}

#[track_caller]
fn validate_documented(
    template: &str,
    method: &Method,
    operation: &'static Value,
    response: &Response,
) {
    let status = response.status.as_u16().to_string();
    let name = format!("{method} {template} {status}");
    let documented = resolve(&operation["responses"][&status]);
    assert!(!documented.is_null(), "{name} is not documented: {:?}", response.status_and_code());
    let essence = response.header("content-type").split(';').next().unwrap_or_default();
    let content = &documented["content"];
    if response.bytes.is_empty() {
        assert!(content.is_null(), "{name} has no body");
        return;
    }
    if response.header("content-encoding").is_empty() {
        let schema = &content[essence]["schema"];
        assert!(!schema.is_null(), "{name} is not documented as {essence}");
        validate_schema(&name, schema, &response.json());
    }
}

/// Resolves a `$ref` within the document.
fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => DOCUMENT.pointer(pointer).expect("the target of a reference"),
        None => value,
    }
}

/// Fails unless the value conforms to the schema.
#[track_caller]
fn validate_schema(name: &str, schema: &Value, value: &Value) {
    let compiled = SCHEMAS.lock().expect("not poisoned").get(name).cloned();
    let validator = compiled.unwrap_or_else(|| {
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
