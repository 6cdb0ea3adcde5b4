//! What surrounds the routes, from the inside out:
//!
//! 1. [`caching`]: entity tags and lifetimes, on public reads only;
//! 2. [`limit`]: how much one client may ask;
//! 3. [`overload`]: how much all of them together may ask;
//! 4. [`kit::http::catch_panics_and_timeouts`]: the deadline, and a net for panics;
//! 5. compression, told by [`encoding`] what the client takes;
//! 6. CORS, which answers preflights itself, so that they are not counted, and which every answer
//!    has to pass, or a page of the shop could not read it;
//! 7. [`kit::http::observe`]: request id, trace, log line, metrics;
//! 8. [`headers`]: what every answer carries, whoever made it.

pub(crate) mod caching;
mod cors;
mod encoding;
mod headers;
mod limit;
mod overload;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use kit::http::{ObserveConfig, catch_panics_and_timeouts, observe};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};

pub use cors::Origin;
pub(crate) use cors::Origins;
pub(crate) use limit::ClientLimit;
pub(crate) use overload::Slots;

/// Answers below this size, in bytes, fit into a packet anyway.
const MIN_COMPRESSED_BYTES: u64 = 1024;

/// Asked by probes all the time, and by nobody for its data: no limit holds for it.
const PROBED: &str = "/health";

/// What the layers need.
pub(crate) struct Layers {
    pub(crate) limit: ClientLimit,
    pub(crate) slots: Slots,
    pub(crate) origins: Origins,
    pub(crate) observe: ObserveConfig,
}

/// Puts the layers around all routes.
pub(crate) fn around(layers: Layers, routes: Router) -> Router {
    let Layers { limit, slots, origins, observe: watched } = layers;
    let worth_it = DefaultPredicate::new().and(SizeAbove::new(MIN_COMPRESSED_BYTES));
    let limited = routes
        .layer(from_fn_with_state(limit, limit::limit))
        .layer(from_fn_with_state(slots, overload::shed));
    let router = catch_panics_and_timeouts(limited)
        .layer(CompressionLayer::new().gzip(true).compress_when(worth_it))
        .layer(from_fn(encoding::settle))
        .layer(cors::layer(origins));
    observe(router, watched).layer(from_fn(headers::complete))
}
