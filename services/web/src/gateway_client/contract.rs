//! The contract with the gateway: every response type decodes the example of its schema in the
//! OpenAPI document, complete and without what is optional.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::*;
use crate::api::Tokens;

const DOCUMENT: &str = include_str!("../../../gateway/openapi.json");

/// Paths that the client calls, with the method.
const CALLS: [(&str, &str); 42] = [
    ("get", "/products"),
    ("get", "/products/search"),
    ("get", "/products/{id}"),
    ("get", "/categories"),
    ("get", "/cart"),
    ("post", "/cart/items"),
    ("put", "/cart/items/{product_id}"),
    ("delete", "/cart/items/{product_id}"),
    ("post", "/cart/merge"),
    ("get", "/shipping/quotes"),
    ("post", "/auth/login"),
    ("post", "/auth/register"),
    ("post", "/auth/refresh"),
    ("post", "/auth/logout"),
    ("post", "/auth/password/forgot"),
    ("post", "/auth/password/reset"),
    ("post", "/auth/password/change"),
    ("post", "/auth/verify-email"),
    ("get", "/me"),
    ("put", "/me"),
    ("post", "/me/verify-email"),
    ("post", "/me/email"),
    ("get", "/me/sessions"),
    ("delete", "/me/sessions/{id}"),
    ("get", "/addresses"),
    ("post", "/addresses"),
    ("put", "/addresses/{id}"),
    ("delete", "/addresses/{id}"),
    ("get", "/payment-methods"),
    ("post", "/payment-methods"),
    ("delete", "/payment-methods/{id}"),
    ("put", "/payment-methods/{id}/default"),
    ("get", "/wishlist"),
    ("post", "/wishlist"),
    ("delete", "/wishlist/{product_id}"),
    ("post", "/checkout/preview"),
    ("get", "/orders"),
    ("post", "/orders"),
    ("get", "/orders/{id}"),
    ("get", "/orders/{id}/tracking"),
    ("get", "/orders/{id}/events"),
    ("delete", "/orders/{id}"),
];

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// Returns an example of a schema; with optional members, or with null and without them.
fn example(document: &Value, schema: &Value, is_complete: bool) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return example(document, document.pointer(&reference[1..]).unwrap(), is_complete);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return match is_complete {
            true => example(document, &choices[0], true),
            false => Value::Null,
        };
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| example(document, part, is_complete));
        let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(members.collect());
    }
    let is_nullable = schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
    if is_nullable && !is_complete {
        return Value::Null;
    }
    if let Some(properties) = schema["properties"].as_object() {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let is_shown = |name: &String| is_complete || required.contains(&json!(name));
        let members = properties.iter().filter(|(name, _)| is_shown(name));
        let member = |(name, schema): (&String, &Value)| {
            (name.clone(), example(document, schema, is_complete))
        };
        return Value::Object(members.map(member).collect::<Map<_, _>>());
    }
    match (&schema["example"], schema["items"].is_object()) {
        (Value::Null, true) => json!([example(document, &schema["items"], is_complete)]),
        (Value::Null, false) => value_of_type(schema),
        (example, _) => example.clone(),
    }
}

/// Returns a value of a schema without an example. A string may have to be a UUID.
fn value_of_type(schema: &Value) -> Value {
    let types = &schema["type"];
    match types.as_str().or(types[0].as_str()) {
        Some("string") => json!(uuid::Uuid::nil()),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(true),
        _ => panic!("no example of {schema}"),
    }
}

#[track_caller]
fn decodes<T: DeserializeOwned>(name: &str) {
    let document = document();
    let schema = &document["components"]["schemas"][name];
    assert!(schema.is_object(), "there is no schema {name}");
    for is_complete in [true, false] {
        let example = example(&document, schema, is_complete);
        let decoded = serde_json::from_value::<T>(example.clone());
        assert!(decoded.is_ok(), "{name}: {:?} in {example}", decoded.err());
    }
}

#[test]
fn types_decode_the_examples_of_their_schemas() {
    decodes::<ProductList>("ProductList");
    decodes::<Product>("Product");
    decodes::<Category>("Category");
    decodes::<Cart>("Cart");
    decodes::<cart::ExtendedCart>("ExtendedCart");
    decodes::<cart::MergedCart>("MergedCart");
    decodes::<Tokens>("Tokens");
    decodes::<account::User>("User");
    decodes::<SessionInfo>("Session");
    decodes::<SavedAddress>("SavedAddress");
    decodes::<PaymentMethod>("PaymentMethod");
    decodes::<Preview>("Preview");
    decodes::<Quote>("Quote");
    decodes::<Order>("Order");
    decodes::<orders::OrderState>("Order");
    decodes::<orders::OrderList>("OrderList");
    decodes::<Tracking>("Tracking");
    decodes::<Problem>("Problem");
}

#[test]
fn called_paths_exist() {
    let document = document();
    for (method, path) in CALLS {
        let operation = &document["paths"][format!("/api/v1{path}")][method];
        assert!(operation.is_object(), "{method} {path}");
    }
}
