//! The OpenAPI 3.1 document: what the handlers say of themselves, completed with what holds for all
//! of them.
//!
//! A route names the codes that it may answer ([`raising`]); descriptions, examples and headers of
//! those answers come from the table of codes, so that they are the same everywhere.

mod errors;
mod headers;
mod viewer;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};

pub(crate) use errors::{local, probed, raising};
pub(crate) use viewer::viewer;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Storefront",
        description = "The API of a shop.\n\n\
            Money is an integer of the smallest unit with its currency. Times are RFC 3339 in UTC. \
            Every field of an answer is always there. Lists are paged from 1, and a page past the \
            end is an empty list.\n\n\
            Every error is an `application/problem+json` (RFC 9457) whose `code` is stable; \
            `errors` names all the fields at fault at once. `X-Request-Id` is taken or made, and \
            returned. Requests are limited by client address: see the `RateLimit-*` headers. Most \
            routes need an access token, which `POST /api/v1/auth/login` gives: \
            `Authorization: Bearer <access_token>`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact()
    ),
    tags(
        (name = "products", description = "What the shop sells."),
        (name = "categories", description = "The shelves it is on."),
        (name = "auth", description = "Signing in and out."),
        (name = "account", description = "What belongs to an account."),
        (name = "cart", description = "What somebody is about to buy, and what sending it costs."),
        (name = "orders", description = "What was bought, and where it is."),
        (name = "payment", description = "Saved ways to pay."),
        (name = "admin", description = "What administrators do."),
        (name = "operations", description = "For those who run or extend the shop.")
    ),
    components(schemas(errors::Problem, errors::FieldError)),
    modifiers(&Shared)
)]
struct Document;

/// What all routes share: the security scheme, headers, examples of errors.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of the user service: EdDSA, short-lived."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.headers.extend(headers::components());
        components.examples.extend(errors::examples());
    }
}

/// Builds the OpenAPI document from the descriptions of `routes`.
pub(crate) fn document(routes: OpenApi) -> OpenApi {
    let mut document = Document::openapi();
    document.merge(routes);
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    headers::add(&mut document);
    errors::share(&mut document);
    document
}
