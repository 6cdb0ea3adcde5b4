//! Error responses in the OpenAPI document, generated from the table of codes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

use super::headers;
use super::operations::operations;
use crate::problem::{Code, TABLE};
use crate::views::money::Money;

/// Codes that any route may return.
const ALWAYS: [Code; 2] = [Code::Internal, Code::DeadlineExceeded];

/// Codes of routes with rate limit and load shedding.
const LIMITED: [Code; 2] = [Code::RateLimited, Code::Overloaded];

/// Codes of routes that call a service.
const REMOTE: [Code; 2] = [Code::NotImplemented, Code::Unavailable];

/// Problem details (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what kit::problem writes")]
pub(super) struct Problem {
    /// URI of the kind of problem; ends with the code.
    #[schema(format = "uri")]
    r#type: String,
    /// Reason phrase of the HTTP status.
    title: String,
    /// HTTP status code.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Explanation for people.
    detail: String,
    /// Stable, documented code for programs.
    code: String,
    /// Request id, as in `X-Request-Id`.
    request_id: String,
    /// All invalid fields or affected products; empty when the problem is not about any.
    errors: Vec<FieldError>,
    /// Reason of a declined payment, such as `insufficient_funds`; only with `payment_declined`.
    #[schema(value_type = String, required = false)]
    decline_code: Option<String>,
    /// The failed order, if one was created; otherwise absent.
    #[schema(value_type = String, format = Uuid, required = false)]
    order_id: Option<String>,
    /// Current total of the lines; only with `total_changed`.
    #[schema(value_type = Money, required = false)]
    subtotal: Option<Money>,
    /// Current shipping cost; only with `total_changed`.
    #[schema(value_type = Money, required = false)]
    shipping: Option<Money>,
    /// Current tax; only with `total_changed`.
    #[schema(value_type = Money, required = false)]
    tax: Option<Money>,
    /// Current total; only with `total_changed`.
    #[schema(value_type = Money, required = false)]
    total: Option<Money>,
}

/// Error of one field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what kit::problem writes")]
pub(super) struct FieldError {
    /// Path of the field in the request: parts are joined by dots, `[n]` is the n-th list item.
    field: String,
    /// Stable code for programs: `required`, `wrong_type`, `out_of_range`, `too_short`, `too_long`,
    /// `invalid_uuid`, `invalid_slug`, `invalid_url`, `invalid_email`, `invalid_time`,
    /// `unknown_value`, `repeated`, `invalid`, or the code of the problem.
    code: String,
    /// Explanation for people, without its subject.
    detail: String,
    /// The affected product, if the error is about one; otherwise absent.
    #[schema(value_type = String, required = false)]
    product_id: Option<String>,
}

/// Documents a route that calls a service: it may return `codes` and the common errors of calls.
pub(crate) fn service_route<S>(
    codes: &[Code],
    routes: UtoipaMethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    let codes: Vec<_> = codes.iter().chain(&REMOTE).copied().collect();
    gateway_route(&codes, routes)
}

/// Documents a route that the gateway serves without a service.
pub(crate) fn gateway_route<S>(
    codes: &[Code],
    routes: UtoipaMethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    let codes: Vec<_> = codes.iter().chain(&LIMITED).copied().collect();
    documented(&codes, routes)
}

/// Documents a route for probes, which is exempt from rate limit and load shedding.
pub(crate) fn probe_route<S>(routes: UtoipaMethodRouter<S>) -> UtoipaMethodRouter<S> {
    documented(&[], routes)
}

fn documented<S>(
    codes: &[Code],
    (schemas, mut paths, router): UtoipaMethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    let codes: BTreeSet<Code> = codes.iter().chain(&ALWAYS).copied().collect();
    for operation in paths.paths.values_mut().flat_map(operations) {
        describe(operation, &codes);
    }
    (schemas, paths, router)
}

fn describe(operation: &mut Operation, codes: &BTreeSet<Code>) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    for (status, codes) in by_status {
        let response = response(status, &codes);
        operation.responses.responses.insert(status.to_string(), RefOr::T(response));
    }
}

fn response(status: u16, codes: &[Code]) -> Response {
    let summaries: Vec<_> = codes
        .iter()
        .map(|code| format!("{} (`{}`).", code.info().summary, code.as_str()))
        .collect();
    let examples = codes.iter().map(|code| {
        (
            code.as_str(),
            RefOr::<Example>::Ref(Ref::new(format!("#/components/examples/{}", code.as_str()))),
        )
    });
    let content =
        ContentBuilder::new().schema(Some(schema(codes))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new()
        .description(summaries.join(" "))
        .content(kit::problem::PROBLEM_JSON, content);
    headers::error_headers(status).iter().fold(response, headers::add_reference).build()
}

/// Moves the error responses of all operations to the shared components and replaces them by
/// references, because most routes share a few sets of codes.
pub(super) fn share(document: &mut OpenApi) {
    let mut shared = BTreeMap::new();
    let operations = document.paths.paths.values_mut().flat_map(operations);
    let responses = operations.flat_map(|operation| &mut operation.responses.responses);
    for (status, response) in responses {
        let Some(name) = component_name(status, response) else { continue };
        let reference = Ref::new(format!("#/components/responses/{name}"));
        shared.insert(name, std::mem::replace(response, RefOr::Ref(reference)));
    }
    document.components.get_or_insert_default().responses.extend(shared);
}

/// Returns the component name of an error response, its status and codes; none for other responses.
fn component_name(status: &str, response: &RefOr<Response>) -> Option<String> {
    let RefOr::T(response) = response else { return None };
    let Some(RefOr::T(content)) = response.content.get(kit::problem::PROBLEM_JSON) else {
        return None;
    };
    let codes: Vec<&str> = content.examples.keys().map(String::as_str).collect();
    Some(format!("{status}.{}", codes.join(".")))
}

/// Returns the schema of a problem with one of these codes.
fn schema(codes: &[Code]) -> Schema {
    let names = codes.iter().map(|code| code.as_str());
    let code =
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(names));
    let narrowed = ObjectBuilder::new().property("code", code);
    AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(narrowed).build().into()
}

/// Returns one example per code.
pub(super) fn examples() -> impl Iterator<Item = (String, RefOr<Example>)> {
    TABLE.iter().map(|info| {
        let errors = match info.code {
            Code::InvalidRequest => json!([
                {"field": "page_size", "code": "out_of_range", "detail": "must be 1 to 100"}
            ]),
            Code::OutOfStock | Code::ProductUnavailable => json!([{
                "field": "items", "code": info.name, "detail": info.code.product_detail(),
                "product_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10",
            }]),
            _ => json!([]),
        };
        let mut value = json!({
            "type": format!("https://storefront.dev/problems/{}", info.name),
            "title": info.status.canonical_reason().unwrap_or("Error"),
            "status": info.status.as_u16(),
            "detail": info.detail,
            "code": info.name,
            "request_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a77",
            "errors": errors,
        });
        if info.code == Code::PaymentDeclined {
            value["decline_code"] = json!("insufficient_funds");
            value["order_id"] = json!("0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70");
        }
        if info.code == Code::TotalChanged {
            let amounts = [("subtotal", 5900), ("shipping", 550), ("tax", 487), ("total", 6937)];
            for (name, cents) in amounts {
                value[name] = json!({"amount_cents": cents, "currency": "USD"});
            }
        }
        let example = ExampleBuilder::new().summary(info.summary).value(Some(value)).build();
        (info.name.to_owned(), RefOr::T(example))
    })
}
