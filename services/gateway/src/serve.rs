//! From settings to a serving gateway.

use std::sync::Arc;

use axum::Router;
use kit::Runtime;
use kit::http::ObserveConfig;
use kit::redis::Redis;
use tokio::net::TcpListener;

use crate::app::App;
use crate::args::Args;
use crate::auth::{Auth, Expectation, KeysError};
use crate::layers::{ClientLimit, Layers, Origins, Slots, around};
use crate::limit::{Limiter, Quota};
use crate::problem::{Code, Problem};
use crate::routes::Descriptions;
use crate::{openapi, routes};

/// Why the gateway cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of JWT_PUBLIC_KEYS cannot be used.
    #[error("JWT_PUBLIC_KEYS: {0}")]
    Keys(#[from] KeysError),
    /// Something that every server needs failed.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

/// Serves the gateway until the process drains.
///
/// # Errors
/// When a setting cannot be used or the address cannot be listened on.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let listener = kit::http::listen(args.gateway_listen).await?;
    serve_on(listener, args, runtime).await
}

/// Serves the gateway on a listener that is open already; `gateway_listen` is not looked at.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve_on(listener: TcpListener, args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("gateway");
    let expected =
        Expectation { issuer: args.jwt_issuer.clone(), audience: args.jwt_audience.clone() };
    let auth = Auth::new(args.jwt_public_keys.as_deref(), expected, &runtime)?;
    let app = App::new(&args, auth, &runtime);
    let routes = router(&args, app);
    serve_within_layers(listener, &args, routes, &runtime).await
}

/// Serves `routes` within all that surrounds the shop's own, so that it can be measured what that
/// costs by itself.
///
/// # Errors
/// When a setting cannot be used.
pub async fn serve_within_layers(
    listener: TcpListener,
    args: &Args,
    routes: Router,
    runtime: &Runtime,
) -> Result<(), Error> {
    let layers = layers(args, runtime)?;
    kit::http::serve(listener, around(layers, routes), runtime).await;
    Ok(())
}

fn layers(args: &Args, runtime: &Runtime) -> Result<Layers, Error> {
    let limit = ClientLimit {
        limiter: Arc::new(Limiter::new(redis(args, runtime)?, runtime)),
        quota: Quota::new(args.rate_limit_per_minute, args.rate_limit_burst),
        sign_in: Quota::new(args.sign_in_limit_per_ip, args.sign_in_limit_per_ip),
        trusted: Arc::from(&*args.trusted_proxies),
    };
    Ok(Layers {
        limit,
        slots: Slots::new(args.max_in_flight),
        origins: Origins(args.cors_origins.to_vec()),
        observe: ObserveConfig { runtime: runtime.clone(), deadline: args.request_timeout },
    })
}

/// Redis, when one is set.
fn redis(args: &Args, runtime: &Runtime) -> Result<Option<Redis>, Error> {
    if args.redis.redis_url.is_none() && args.redis.redis_url_file.is_none() {
        tracing::warn!("REDIS_URL is not set: each replica counts rate limits for itself");
        return Ok(None);
    }
    Ok(Some(kit::redis::connect(&args.redis, runtime)?))
}

/// All paths there are: the routes, the document and its viewer, and what answers the rest.
fn router(args: &Args, app: App) -> Router {
    Router::from(routes::all(args.catalog_max_age, Descriptions::Dropped))
        .merge(openapi::viewer())
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_this_method)
        .with_state(app)
}

async fn nothing_here() -> Problem {
    Code::NotFound.problem()
}

async fn not_this_method() -> Problem {
    Code::MethodNotAllowed.problem()
}
