//! OpenAPI 3.1 document: the descriptions of the handlers, and what is common to all of them.
//!
//! A route lists the error codes that it may return ([`service_route`]). The descriptions, examples
//! and headers of these responses are generated from the table of codes, so that they are the same
//! for all routes.

mod errors;
mod headers;
mod operations;
mod viewer;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};

pub(crate) use errors::{gateway_route, probe_route, service_route};
pub(crate) use viewer::viewer;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Storefront",
        description = "The API of a shop.\n\n\
            Money is an integer in the smallest unit of its currency. Times are RFC 3339 in UTC. \
            Responses contain all their fields. Pages are numbered from 1; a page past the end is \
            an empty list.\n\n\
            Every error is an `application/problem+json` (RFC 9457) with a stable `code`; \
            `errors` lists all invalid fields. `X-Request-Id` of the request is returned, or a \
            generated one. Requests are rate-limited by client address: see the `RateLimit-*` \
            headers. Most routes need an access token from `POST /api/v1/auth/login`: \
            `Authorization: Bearer <access_token>`. Guests have a cart without an account: \
            `Cart-Token: <cart_token>`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact()
    ),
    tags(
        (name = "products", description = "Products of the catalog."),
        (name = "categories", description = "Categories of the products."),
        (name = "auth", description = "Registration, sign-in and passwords."),
        (name = "account", description = "Profile, addresses and wishlist of an account."),
        (name = "cart", description = "Shopping cart and shipping quotes."),
        (name = "orders", description = "Orders and shipment tracking."),
        (name = "payment", description = "Saved payment methods."),
        (name = "admin", description = "Administration of the shop."),
        (name = "operations", description = "Health check and public keys.")
    ),
    components(schemas(errors::Problem, errors::FieldError)),
    modifiers(&SharedComponents)
)]
struct Document;

/// Adds the shared components: security scheme, headers, examples of errors.
struct SharedComponents;

impl Modify for SharedComponents {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(
                Some("Access token issued by the user service: short-lived, signed with EdDSA."),
            );
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let cart_token = ApiKeyValue::with_description(
            "Cart-Token",
            "Token of a guest's cart, from `POST /api/v1/cart/items`. Ignored if the request has \
             an access token.",
        );
        let cart_token = SecurityScheme::ApiKey(ApiKey::Header(cart_token));
        components.add_security_scheme("cart_token", cart_token);
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
