//! Errors in the document: made from the table of codes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

use super::headers;
use crate::problem::{Code, TABLE};

/// What any request may be answered.
const ALWAYS: [Code; 2] = [Code::Internal, Code::DeadlineExceeded];

/// What any request may be answered that is counted.
const COUNTED: [Code; 2] = [Code::RateLimited, Code::Overloaded];

/// What any request may be answered that a service is asked for.
const REMOTE: [Code; 2] = [Code::NotImplemented, Code::Unavailable];

/// What went wrong (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "here for the document; written by kit::problem")]
pub(super) struct Problem {
    /// Names the kind of problem; ends with the code.
    #[schema(format = "uri")]
    r#type: String,
    /// The name of the status.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// A sentence for people.
    detail: String,
    /// For programs: stable, documented.
    code: String,
    /// The request, as in `X-Request-Id`.
    request_id: String,
    /// The fields or products at fault, all of them; empty when it is not about any.
    errors: Vec<FieldError>,
    /// Why a payment was declined, such as `insufficient_funds`; with `payment_declined` only.
    #[schema(value_type = String, required = false)]
    decline_code: Option<String>,
    /// The order that came to nothing, when one was made; otherwise absent.
    #[schema(value_type = String, format = Uuid, required = false)]
    order_id: Option<String>,
}

/// One field that is at fault.
#[derive(ToSchema)]
#[expect(dead_code, reason = "here for the document; written by kit::problem")]
pub(super) struct FieldError {
    /// The field as it was written: dots between its parts, `[n]` for the n-th of a list.
    field: String,
    /// For programs: `required`, `wrong_type`, `out_of_range`, `too_short`, `too_long`,
    /// `invalid_uuid`, `invalid_slug`, `invalid_url`, `invalid_email`, `invalid_time`, `unknown_value`,
    /// `repeated`, `invalid`, or the code of the whole problem.
    code: String,
    /// A sentence for people, without its subject.
    detail: String,
    /// The product at fault, when the error is about one; otherwise absent.
    #[schema(value_type = String, required = false)]
    product_id: Option<String>,
}

/// A route that asks a service: it may answer `codes` and what may always happen then.
pub(crate) fn raising<S>(codes: &[Code], routes: UtoipaMethodRouter<S>) -> UtoipaMethodRouter<S> {
    let codes: Vec<_> = codes.iter().chain(&REMOTE).copied().collect();
    local(&codes, routes)
}

/// A route that the gateway answers by itself.
pub(crate) fn local<S>(codes: &[Code], routes: UtoipaMethodRouter<S>) -> UtoipaMethodRouter<S> {
    let codes: Vec<_> = codes.iter().chain(&COUNTED).copied().collect();
    documented(&codes, routes)
}

/// A route for probes, which no limit holds for.
pub(crate) fn probed<S>(routes: UtoipaMethodRouter<S>) -> UtoipaMethodRouter<S> {
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

/// The operations of a path, whatever their methods.
pub(super) fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
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
    let summaries: Vec<_> =
        codes.iter().map(|code| format!("{} (`{}`).", code.row().summary, code.word())).collect();
    let examples = codes.iter().map(|code| {
        (
            code.word(),
            RefOr::<Example>::Ref(Ref::new(format!("#/components/examples/{}", code.word()))),
        )
    });
    let content =
        ContentBuilder::new().schema(Some(schema(codes))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new()
        .description(summaries.join(" "))
        .content(kit::problem::PROBLEM_JSON, content);
    headers::of_error(status).iter().fold(response, headers::refer).build()
}

/// Moves the errors of all operations to one place and refers to them there: the same few sets of
/// codes come with most routes.
pub(super) fn share(document: &mut OpenApi) {
    let mut shared = BTreeMap::new();
    let operations = document.paths.paths.values_mut().flat_map(operations);
    let responses = operations.flat_map(|operation| &mut operation.responses.responses);
    for (status, response) in responses {
        let Some(name) = name_of(status, response) else { continue };
        let reference = Ref::new(format!("#/components/responses/{name}"));
        shared.insert(name, std::mem::replace(response, RefOr::Ref(reference)));
    }
    document.components.get_or_insert_default().responses.extend(shared);
}

/// The status and the codes of an error; none for an answer that is no error.
fn name_of(status: &str, response: &RefOr<Response>) -> Option<String> {
    let RefOr::T(response) = response else { return None };
    let Some(RefOr::T(content)) = response.content.get(kit::problem::PROBLEM_JSON) else {
        return None;
    };
    let codes: Vec<&str> = content.examples.keys().map(String::as_str).collect();
    Some(format!("{status}.{}", codes.join(".")))
}

/// A problem with one of these codes.
fn schema(codes: &[Code]) -> Schema {
    let words = codes.iter().map(|code| code.word());
    let code =
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(words));
    let narrowed = ObjectBuilder::new().property("code", code);
    AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(narrowed).build().into()
}

/// One example for each code of the table.
pub(super) fn examples() -> impl Iterator<Item = (String, RefOr<Example>)> {
    TABLE.iter().map(|row| {
        let errors = match row.code {
            Code::InvalidRequest => json!([
                {"field": "page_size", "code": "out_of_range", "detail": "must be 1 to 100"}
            ]),
            Code::OutOfStock | Code::ProductUnavailable => json!([{
                "field": "items", "code": row.word, "detail": row.code.of_product(),
                "product_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10",
            }]),
            _ => json!([]),
        };
        let mut value = json!({
            "type": format!("https://storefront.dev/problems/{}", row.word),
            "title": row.status.canonical_reason().unwrap_or("Error"),
            "status": row.status.as_u16(),
            "detail": row.detail,
            "code": row.word,
            "request_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a77",
            "errors": errors,
        });
        if row.code == Code::PaymentDeclined {
            value["decline_code"] = json!("insufficient_funds");
            value["order_id"] = json!("0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a70");
        }
        let example = ExampleBuilder::new().summary(row.summary).value(Some(value)).build();
        (row.word.to_owned(), RefOr::T(example))
    })
}
