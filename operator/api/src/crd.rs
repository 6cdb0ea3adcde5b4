//! The CustomResourceDefinition of the Storefront resource.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition,
};
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::{Storefront, rules};

/// The name of the published file, in `crds/` and in the chart.
pub const FILE: &str = "storefronts.storefront.dev.yaml";

/// The printer columns of `kubectl get`: name, type, JSON path, description and priority, which is
/// 1 for columns that only `-o wide` shows.
const COLUMNS: [(&str, &str, &str, &str, i32); 10] = [
    ("Ready", "string", READY_STATUS, "Whether every part of the shop is ready.", 0),
    ("Reason", "string", READY_REASON, "The reason of the condition Ready.", 0),
    ("Version", "string", ".status.version.current", "The release that all components run.", 0),
    (
        "Components",
        "string",
        ".status.ready",
        "The number of ready components and of all components.",
        0,
    ),
    ("URL", "string", ".status.endpoints.web", "The URL of the web shop.", 0),
    ("Age", "date", ".metadata.creationTimestamp", "When the Storefront was created.", 0),
    ("Profile", "string", ".spec.profile", "The profile that sets the defaults.", 1),
    ("Database", "string", ".spec.postgres.mode", "Who runs PostgreSQL.", 1),
    ("API", "string", ".status.endpoints.api", "The URL of the REST API.", 1),
    ("Message", "string", READY_MESSAGE, "The message of the condition Ready.", 1),
];

const READY_STATUS: &str = r#".status.conditions[?(@.type=="Ready")].status"#;
const READY_REASON: &str = r#".status.conditions[?(@.type=="Ready")].reason"#;
const READY_MESSAGE: &str = r#".status.conditions[?(@.type=="Ready")].message"#;

const HEADER: &str = "\
# Generated from operator/api: change the types there and run
#   cargo run -p storefront-api --example crd
";

/// Returns the definition of the Storefront resource.
///
/// # Errors
/// If the changed output of the derive macro is not a valid definition. A test proves that it is
/// one.
pub fn definition() -> serde_json::Result<CustomResourceDefinition> {
    let mut crd = serde_json::to_value(Storefront::crd())?;
    let schema = "/spec/versions/0/schema/openAPIV3Schema";
    if let Some(Value::Object(root)) = crd.pointer_mut(schema) {
        root.insert("description".to_owned(), "A complete web shop.".into());
        root.insert("x-kubernetes-validations".to_owned(), json!([rules::storefront()]));
        remove_unneeded_keywords(root);
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

/// Returns the content of the published file.
///
/// # Errors
/// As [`definition`], or if the definition cannot be serialized as YAML.
pub fn yaml() -> Result<String, Box<dyn std::error::Error>> {
    let mut crd = serde_json::to_value(definition()?)?;
    floats_to_integers(&mut crd);
    Ok(format!("{HEADER}{}", serde_yaml::to_string(&crd)?))
}

/// Replaces floats without a fraction by integers, `32.0` by `32`: the bounds in the schema type
/// are floats.
pub(crate) fn floats_to_integers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|number| number.fract() == 0.0) {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(floats_to_integers),
        Value::Object(fields) => fields.values_mut().for_each(floats_to_integers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Removes what schemars generates and Kubernetes does not need: titles, number formats that it
/// does not support, and `nullable` of optional fields. A null would satisfy `has()` in rules
/// without being a value. Without `nullable` the API server drops or rejects it.
fn remove_unneeded_keywords(schema: &mut Map<String, Value>) {
    schema.remove("nullable");
    schema.remove("title");
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint"))
    {
        schema.remove("format");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(remove_unneeded_keywords);
    }
    for nested in ["items", "additionalProperties"] {
        if let Some(Value::Object(nested)) = schema.get_mut(nested) {
            remove_unneeded_keywords(nested);
        }
    }
}
