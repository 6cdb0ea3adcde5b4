//! The REST gateway: the only entry point of the shop for shoppers, administrators and the web
//! shop.
//!
//! It owns no data. It translates between JSON over HTTP and the gRPC services, verifies access
//! tokens, limits request rates, and reports every failure as problem details (RFC 9457). The
//! catalog decides what a valid product is; the gateway validates only what its own OpenAPI
//! document promises.
//!
//! - `routes`: one file per resource; `views`: its JSON; `validation`: reading requests
//! - `problem`: the table of error codes, and the one mapping from gRPC statuses to it
//! - `auth`: access tokens and verification keys; `cart_token`: tokens of guests' carts
//! - `rate_limit`, `body_budget`: limits per client
//! - `encoded_response` and `cache`: encoded responses of the public catalog, kept while fresh
//! - `circuit_breaker`: fails calls fast while a service does not respond
//! - `layers`: middleware around every route; `openapi`: the OpenAPI document

mod app;
mod args;
mod auth;
mod body_budget;
mod cache;
mod cart_token;
mod circuit_breaker;
mod encoded_response;
mod entity_tag;
mod layers;
mod openapi;
mod problem;
mod rate_limit;
mod route_exposure;
mod routes;
mod serve;
mod validation;
mod views;

pub use args::Args;
pub use auth::KeysError;
pub use layers::Origin;
pub use route_exposure::RouteExposure;
pub use routes::openapi;
pub use serve::{Error, serve, serve_on, serve_within_layers};
