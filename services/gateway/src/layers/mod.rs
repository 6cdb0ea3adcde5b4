//! Middleware around the routes, from the inside out:
//!
//! 1. [`caching`]: entity tags and cache lifetimes, on public reads only;
//! 2. [`rate_limit`]: limits per client;
//! 3. [`load_shedding`]: limits of concurrent requests and of the memory of their bodies;
//! 4. [`kit::http::catch_panics_and_timeouts`]: request deadline, and recovery from panics;
//! 5. compression, complete before it is sent, after [`normalize_accept_encoding`];
//! 6. CORS, which responds to preflight requests itself, so that they do not count against limits.
//!    It surrounds all layers that may respond, because a web page can only read responses with
//!    CORS headers;
//! 7. [`kit::http::observe`]: request id, trace, access log, metrics;
//! 8. [`headers`]: headers of every response, whichever layer created it.

pub(crate) mod caching;
mod compression;
mod cors;
mod headers;
mod load_shedding;
mod rate_limit;
#[cfg(test)]
mod tests;
mod untrusted_proxy;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use http::header::ETAG;
use http::{Extensions, HeaderMap, StatusCode, Version};
use kit::http::{ObserveConfig, catch_panics_and_timeouts, normalize_accept_encoding, observe};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};

use crate::entity_tag;
pub use cors::Origin;
pub(crate) use cors::Origins;
pub(crate) use headers::IsHttps;
pub(crate) use load_shedding::{ConcurrencyLimit, RequestResources};
pub(crate) use rate_limit::ClientLimit;
pub(crate) use untrusted_proxy::UntrustedProxyMonitor;

/// Minimum size of a compressed response, in bytes. Smaller responses fit into one packet anyway.
const MIN_COMPRESSED_BYTES: u64 = 1024;

/// Path of the health check. Probes request it constantly and it returns no data: no limit applies.
const HEALTH_PATH: &str = "/health";

/// Configuration of the layers. Clones share the limits.
#[derive(Clone)]
pub(crate) struct Layers {
    pub(crate) rate_limit: ClientLimit,
    pub(crate) concurrency: ConcurrencyLimit,
    pub(crate) origins: Origins,
    pub(crate) observe: ObserveConfig,
    pub(crate) is_https: IsHttps,
}

/// Whether the response has no strong entity tag, which is valid for the uncompressed form only.
fn without_strong_tag(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.get(ETAG).is_some_and(entity_tag::is_strong)
}

/// Applies the layers to all routes.
pub(crate) fn apply_layers(layers: Layers, routes: Router) -> Router {
    let Layers { rate_limit, concurrency, origins, observe: observe_config, is_https } = layers;
    let is_compressible = DefaultPredicate::new()
        .and(SizeAbove::new(MIN_COMPRESSED_BYTES))
        .and(without_strong_tag as fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool);
    let limited = routes
        .layer(from_fn_with_state(rate_limit, rate_limit::limit))
        .layer(from_fn_with_state(concurrency, load_shedding::shed));
    let router = catch_panics_and_timeouts(limited)
        .layer(CompressionLayer::new().gzip(true).compress_when(is_compressible))
        .layer(from_fn(compression::complete))
        .layer(from_fn(normalize_accept_encoding))
        .layer(cors::layer(origins));
    observe(router, observe_config).layer(from_fn_with_state(is_https, headers::add))
}
