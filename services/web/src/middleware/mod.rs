//! Middleware around the pages, from the inside out:
//!
//! 1. [`load_shedding`]: limits of concurrent requests and of the memory of their forms;
//! 2. cross-site request forgery: `Origin` and `Sec-Fetch-Site` of every form;
//! 3. [`kit::http::catch_panics_and_timeouts`]: deadline of the page, and recovery from panics;
//! 4. [`error_pages`]: every error of the layers before as a page;
//! 5. [`crate::session::provide_session`]: cookies in, changed cookies out;
//! 6. compression, after [`normalize_accept_encoding`];
//! 7. [`kit::http::observe`]: request id, trace, access log, metrics;
//! 8. [`headers`]: security headers of every response, whichever layer created it.

pub(crate) mod error_pages;
mod headers;
mod load_shedding;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use kit::Runtime;
use kit::http::{ObserveConfig, catch_panics_and_timeouts, normalize_accept_encoding, observe};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::csrf::{ConfigError, CsrfLayer};

use crate::app::App;
use crate::session::provide_session;

pub(crate) use headers::SecurityHeaders;
pub(crate) use load_shedding::RequestLimits;

/// Minimum size of a compressed response, in bytes. Smaller responses fit into one packet anyway.
const MIN_COMPRESSED_BYTES: u64 = 1024;

/// Configuration of the layers. Clones share the limits.
#[derive(Clone)]
pub(crate) struct Layers {
    pub(crate) app: App,
    pub(crate) runtime: Runtime,
    pub(crate) limits: RequestLimits,
    pub(crate) headers: SecurityHeaders,
}

/// Applies the layers to routes whose pages are ready within `deadline`.
///
/// # Errors
/// Fails if the URL of the shop is no origin of a browser.
pub(crate) fn apply_layers(
    layers: &Layers,
    routes: Router,
    deadline: Duration,
) -> Result<Router, ConfigError> {
    let Layers { app, runtime, limits, headers } = layers.clone();
    let csrf = CsrfLayer::new().add_trusted_origin(app.shop().url.as_str())?;
    let is_compressible = DefaultPredicate::new().and(SizeAbove::new(MIN_COMPRESSED_BYTES));
    let limited = routes
        .layer(from_fn_with_state(limits, load_shedding::shed))
        .layer(DefaultBodyLimit::max(load_shedding::MAX_FORM_BYTES))
        .layer(csrf);
    let pages = catch_panics_and_timeouts(limited)
        .layer(from_fn_with_state(app.clone(), error_pages::render))
        .layer(from_fn_with_state(app, provide_session))
        .layer(CompressionLayer::new().gzip(true).compress_when(is_compressible))
        .layer(from_fn(normalize_accept_encoding));
    let observed = observe(pages, ObserveConfig { runtime, deadline });
    Ok(observed.layer(from_fn_with_state(headers, headers::add)))
}
