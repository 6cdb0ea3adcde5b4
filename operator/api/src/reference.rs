//! The reference page of the resource, generated from the definition.

use std::fmt::Write as _;

use serde_json::Value;

use crate::crd;

/// The name of the page's file, in `docs/reference/`.
pub const FILE: &str = "storefront.md";

const HEADER: &str = "\
<!-- Generated from operator/api: cargo run -p storefront-api --example crd -->
# Storefront

API group `storefront.dev`, version `v1alpha1`, short name `sf`. `kubectl explain storefront.spec`
shows the same descriptions. Fields are optional unless they are marked as required. `[]` stands for
the items of a list, and `<name>` for the key of a map.
";

/// Returns the content of the page.
///
/// # Errors
/// As [`crd::definition`], or if formatting fails.
pub fn markdown() -> Result<String, Box<dyn std::error::Error>> {
    let mut definition = serde_json::to_value(crd::definition()?)?;
    crd::floats_to_integers(&mut definition);
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut page = HEADER.to_owned();
    for (part, title) in [("spec", "desired state"), ("status", "observed state")] {
        let part_schema = &schema["properties"][part];
        write!(page, "\n## {part}: {title}\n\n{}\n\n", one_line(&part_schema["description"]))?;
        page.push_str("| field | type | default | description |\n|---|---|---|---|\n");
        fields(part_schema, "", &mut page)?;
    }
    page.push_str("\n## Validation rules\n\n");
    rules(schema, "", &mut page)?;
    Ok(page)
}

/// Writes a table row for each field, parents before children.
fn fields(schema: &Value, path: &str, page: &mut String) -> std::fmt::Result {
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}{name}");
        let default = match &field["default"] {
            _ if required.is_some_and(|names| names.iter().any(|entry| entry == name)) => {
                "**required**".to_owned()
            }
            // The fields of an object have their own defaults.
            Value::Null | Value::Object(_) => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let text = one_line(&field["description"]);
        writeln!(page, "| `{path}` | {} | {default} | {text} |", type_of(field))?;
        fields(field, &format!("{path}."), page)?;
        fields(&field["items"], &format!("{path}[]."), page)?;
        fields(&field["additionalProperties"], &format!("{path}.<name>."), page)?;
    }
    Ok(())
}

/// Formats the type of a field with its bounds.
fn type_of(field: &Value) -> String {
    if let Some(values) = field["enum"].as_array() {
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        return values.join(", ");
    }
    match (field["type"].as_str().unwrap_or_default(), &field["minimum"], &field["maximum"]) {
        ("integer", Value::Number(from), Value::Number(to)) => format!("integer, {from} to {to}"),
        ("array", ..) => format!("list of {}", type_of(&field["items"])),
        ("object", ..) if field["additionalProperties"].is_object() => "map".to_owned(),
        (plain, ..) => plain.to_owned(),
    }
}

/// Writes a list item for each rule, with the field that the rule applies to.
fn rules(schema: &Value, path: &str, page: &mut String) -> std::fmt::Result {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let place = if path.is_empty() { "metadata" } else { path };
        writeln!(page, "- `{place}`: {}", one_line(&rule["message"]))?;
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        rules(field, &format!("{path}{dot}{name}"), page)?;
    }
    for (key, mark) in [("items", "[]"), ("additionalProperties", ".<name>")] {
        if schema[key].is_object() {
            rules(&schema[key], &format!("{path}{mark}"), page)?;
        }
    }
    Ok(())
}

fn one_line(text: &Value) -> String {
    text.as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}
