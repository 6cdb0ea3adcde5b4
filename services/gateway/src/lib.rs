//! The REST gateway: the shop's only door for shoppers, administrators and the web shop.
//!
//! It owns no data. It translates between JSON over HTTP and the gRPC services, verifies access
//! tokens, limits rates, and answers every failure with problem details. What a product is or may
//! become, the catalog decides; the gateway checks only what its own document promises.
//!
//! - `routes`: one file a resource; `views`: its JSON; `check`: reading requests
//! - `problem`: the table of error codes, and the one place that maps gRPC to it
//! - `auth`: tokens and keys; `limit` and `client_ip`: who asks, and how much
//! - `answer` and `cache`: encoded answers of the public catalog, kept while they hold
//! - `breaker`: leaves a service alone that does not answer
//! - `layers`: what surrounds every route; `openapi`: the document of all this

mod answer;
mod app;
mod args;
mod auth;
mod breaker;
mod cache;
mod check;
mod client_ip;
mod layers;
mod limit;
mod openapi;
mod problem;
mod routes;
mod serve;
mod views;

pub use args::Args;
pub use auth::KeysError;
pub use client_ip::Network;
pub use layers::Origin;
pub use routes::openapi;
pub use serve::{Error, serve, serve_on, serve_within_layers};
