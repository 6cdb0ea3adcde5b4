//! The CustomResourceDefinition that is installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition,
};
use kube::CustomResourceExt;
use serde_json::{Map, Value};

use crate::{Storefront, rules};

/// The file in which the definition is published, in `crds/` and in the chart.
pub const FILE: &str = "storefronts.storefront.dev.yaml";

/// What `kubectl get` shows: name, type, path, what it says, and 1 for `-o wide` only.
const COLUMNS: [(&str, &str, &str, &str, i32); 9] = [
    ("Ready", "string", READY_STATUS, "Whether every part of the shop is up.", 0),
    ("Reason", "string", READY_REASON, "Why the shop is ready, or is not.", 0),
    ("Version", "string", ".status.version.current", "The release that serves.", 0),
    ("Components", "string", ".status.ready", "Components that are ready, of all.", 0),
    ("URL", "string", ".status.endpoints.api", "Where the REST API is reached.", 0),
    ("Age", "date", ".metadata.creationTimestamp", "When the Storefront was made.", 0),
    ("Profile", "string", ".spec.profile", "The profile that fills in defaults.", 1),
    ("Database", "string", ".spec.postgres.mode", "Who runs PostgreSQL.", 1),
    ("Message", "string", READY_MESSAGE, "What the condition Ready says in words.", 1),
];

const READY_STATUS: &str = r#".status.conditions[?(@.type=="Ready")].status"#;
const READY_REASON: &str = r#".status.conditions[?(@.type=="Ready")].reason"#;
const READY_MESSAGE: &str = r#".status.conditions[?(@.type=="Ready")].message"#;

const HEADER: &str = "\
# Generated from operator/api: change the types there and run
#   cargo run -p storefront-api --example crd
";

/// The definition of the Storefront resource.
///
/// # Errors
/// If what the derive macro made is not a definition after our changes, which a test rules out.
pub fn definition() -> serde_json::Result<CustomResourceDefinition> {
    let mut crd = serde_json::to_value(Storefront::crd())?;
    let schema = "/spec/versions/0/schema/openAPIV3Schema";
    if let Some(Value::Object(root)) = crd.pointer_mut(schema) {
        root.insert("description".to_owned(), "A web shop, whole.".into());
        root.insert("x-kubernetes-validations".to_owned(), rules::storefront());
        tidy(root);
    }
    let mut crd: CustomResourceDefinition = serde_json::from_value(crd)?;
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(COLUMNS.map(column).to_vec());
    }
    Ok(crd)
}

fn column(
    (name, kind, path, description, priority): (&str, &str, &str, &str, i32),
) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: kind.to_owned(),
        json_path: path.to_owned(),
        description: Some(description.to_owned()),
        format: None,
        priority: (priority > 0).then_some(priority),
    }
}

/// The definition as the bytes of its file.
///
/// # Errors
/// As [`definition`], or if it cannot be written as YAML.
pub fn yaml() -> Result<String, Box<dyn std::error::Error>> {
    let mut crd = serde_json::to_value(definition()?)?;
    whole_numbers(&mut crd);
    Ok(format!("{HEADER}{}", serde_yaml::to_string(&crd)?))
}

/// Writes bounds as people do, `32` and not `32.0`: the type that holds them only knows floats.
pub(crate) fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|it| it.fract() == 0.0) {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Takes out of a schema what schemars says and Kubernetes does not need to hear: titles, number
/// formats it does not know, and that optional fields may be null. A null would pass `has()` in
/// rules and then be no value; without the permission the API server drops it or refuses it.
fn tidy(schema: &mut Map<String, Value>) {
    schema.remove("nullable");
    schema.remove("title");
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if schema.get("format").and_then(Value::as_str).is_some_and(|it| it.starts_with("uint")) {
        schema.remove("format");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(tidy);
    }
    for nested in ["items", "additionalProperties"] {
        if let Some(Value::Object(nested)) = schema.get_mut(nested) {
            tidy(nested);
        }
    }
}
