//! Headers of answers in the document.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, ResponseBuilder};

use super::errors::operations;

/// A header: its name, its type, what it tells.
const HEADERS: [(&str, Type, &str); 6] = [
    ("X-Request-Id", Type::String, "The id of the request: the client's, or one made for it."),
    (
        "RateLimit-Limit",
        Type::Integer,
        "Requests that a full bucket allows. Absent without a limit.",
    ),
    ("RateLimit-Remaining", Type::Integer, "Requests that are left now."),
    ("RateLimit-Reset", Type::Integer, "Seconds until the bucket is full again."),
    ("Retry-After", Type::Integer, "Seconds after which to try again."),
    ("WWW-Authenticate", Type::String, "How to authenticate (RFC 6750)."),
];

/// Those that come with every answer.
const EVERYWHERE: [&str; 4] =
    ["X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// The headers, to be referred to.
pub(super) fn components() -> impl Iterator<Item = (String, RefOr<Header>)> {
    HEADERS.into_iter().map(|(name, kind, description)| {
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(kind));
        let header =
            HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        (name.to_owned(), RefOr::T(header))
    })
}

/// Those that an error has beside.
pub(super) fn of_error(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["WWW-Authenticate"],
        429 | 503 | 504 => &["Retry-After"],
        _ => &[],
    }
}

/// Adds a reference to a header.
pub(super) fn refer(response: ResponseBuilder, name: &&'static str) -> ResponseBuilder {
    response.header_ref(*name, reference(name))
}

fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

/// Adds those that come with every answer to every answer.
pub(super) fn add(document: &mut OpenApi) {
    let operations = document.paths.paths.values_mut().flat_map(operations);
    for response in operations.flat_map(|operation| operation.responses.responses.values_mut()) {
        if let RefOr::T(response) = response {
            let everywhere = EVERYWHERE.map(|name| (name.to_owned(), RefOr::Ref(reference(name))));
            response.headers.extend(everywhere);
        }
    }
}
