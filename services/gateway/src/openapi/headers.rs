//! Response headers in the OpenAPI document.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, ResponseBuilder};

use super::operations::operations;

/// Headers: name, type and description.
const HEADERS: [(&str, Type, &str); 6] = [
    ("X-Request-Id", Type::String, "Id of the request: the client's, or a generated one."),
    (
        "RateLimit-Limit",
        Type::Integer,
        "Burst: requests that a full token bucket allows. Absent without a limit.",
    ),
    ("RateLimit-Remaining", Type::Integer, "Requests left in the token bucket."),
    ("RateLimit-Reset", Type::Integer, "Seconds until the token bucket is full again."),
    ("Retry-After", Type::Integer, "Seconds to wait before a retry."),
    ("WWW-Authenticate", Type::String, "Authentication challenge (RFC 6750)."),
];

/// Headers of every response.
const COMMON_HEADERS: [&str; 4] =
    ["X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Returns the header components.
pub(super) fn components() -> impl Iterator<Item = (String, RefOr<Header>)> {
    HEADERS.into_iter().map(|(name, kind, description)| {
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(kind));
        let header =
            HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        (name.to_owned(), RefOr::T(header))
    })
}

/// Returns the additional headers of an error.
pub(super) fn error_headers(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["WWW-Authenticate"],
        429 | 503 | 504 => &["Retry-After"],
        _ => &[],
    }
}

/// Adds a reference to a header component.
pub(super) fn add_reference(response: ResponseBuilder, name: &&'static str) -> ResponseBuilder {
    response.header_ref(*name, reference(name))
}

fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

/// Adds the headers of every response to all responses of the document.
pub(super) fn add(document: &mut OpenApi) {
    let operations = document.paths.paths.values_mut().flat_map(operations);
    for response in operations.flat_map(|operation| operation.responses.responses.values_mut()) {
        if let RefOr::T(response) = response {
            let common_headers =
                COMMON_HEADERS.map(|name| (name.to_owned(), RefOr::Ref(reference(name))));
            response.headers.extend(common_headers);
        }
    }
}
