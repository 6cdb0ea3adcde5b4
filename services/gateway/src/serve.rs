//! Builds the gateway from its settings and serves it.

use std::sync::Arc;

use axum::Router;
use kit::Runtime;
use kit::http::{ObserveConfig, ProxyKeys, TrustedProxies};
use kit::redis::Redis;
use tokio::net::TcpListener;

use crate::app::App;
use crate::args::Args;
use crate::auth::{Auth, ExpectedClaims, KeysError};
use crate::body_budget::BodyBudget;
use crate::layers::{
    ClientLimit, ConcurrencyLimit, IsHttps, Layers, Origin, Origins, UntrustedProxyMonitor,
    apply_layers,
};
use crate::problem::{Code, Problem};
use crate::rate_limit::{GuestCartLimit, Quota, RateLimiter};
use crate::route_exposure::RouteGroups;
use crate::routes::Descriptions;
use crate::{openapi, routes};

/// Reason why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key set file of JWT_PUBLIC_KEYS is invalid.
    #[error("JWT_PUBLIC_KEYS: {0}")]
    Keys(#[from] KeysError),
    /// The runtime failed, for example the listener or the Redis settings.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

/// Serves the gateway until the graceful shutdown has drained its connections.
///
/// # Errors
/// Returns an error when a setting is invalid or the address cannot be bound.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("gateway");
    let listener = kit::http::listen(args.gateway_listen, &runtime).await?;
    serve_on(listener, args, runtime).await
}

/// Serves the gateway on an open listener; ignores `gateway_listen`. Binds the internal port itself
/// if a group of routes is served there.
///
/// # Errors
/// Returns an error when a setting is invalid or the internal address cannot be bound.
pub async fn serve_on(listener: TcpListener, args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("gateway");
    let expected =
        ExpectedClaims { issuer: args.jwt_issuer.clone(), audience: args.jwt_audience.clone() };
    let auth = Auth::new(args.jwt_public_keys.as_deref(), expected, &runtime)?;
    let (docs, admin) = (args.docs_routes, args.admin_routes);
    let internal = match RouteGroups::internal(docs, admin) {
        Some(groups) => {
            Some((kit::http::listen(args.gateway_internal_listen, &runtime).await?, groups))
        }
        None => None,
    };
    let limiter = Arc::new(RateLimiter::new(redis(&args, &runtime)?, &runtime));
    let guest_carts = GuestCartLimit {
        limiter: Arc::clone(&limiter),
        quota: Quota::new(args.guest_cart_limit_per_ip, args.guest_cart_limit_per_ip),
    };
    let app = App::new(&args, auth, guest_carts, &runtime);
    let layers = layers(&args, limiter, &runtime);
    let routes = |groups| apply_layers(layers.clone(), router(&args, app.clone(), groups));
    let trusted = trusted_proxies(&args, &runtime)?;
    let public = routes(RouteGroups::public(docs, admin));
    let limits = args.server_limits();
    let public =
        kit::http::serve_within(listener, public, &runtime, trusted.clone(), limits.clone());
    match internal {
        Some((listener, groups)) => {
            let routes = routes(groups);
            let internal = kit::http::serve_within(listener, routes, &runtime, trusted, limits);
            tokio::join!(public, internal);
        }
        None => public.await,
    }
    Ok(())
}

/// Serves `routes` within the middleware of the shop's own routes. Benchmarks use it to measure the
/// cost of that middleware alone.
///
/// # Errors
/// Returns an error when a setting is invalid.
pub async fn serve_within_layers(
    listener: TcpListener,
    args: &Args,
    routes: Router,
    runtime: &Runtime,
) -> Result<(), Error> {
    let limiter = Arc::new(RateLimiter::new(redis(args, runtime)?, runtime));
    let layers = layers(args, limiter, runtime);
    let trusted = trusted_proxies(args, runtime)?;
    let (routes, limits) = (apply_layers(layers, routes), args.server_limits());
    kit::http::serve_within(listener, routes, runtime, trusted, limits).await;
    Ok(())
}

/// Returns the proxies that may name their clients.
fn trusted_proxies(args: &Args, runtime: &Runtime) -> Result<TrustedProxies, Error> {
    let keys = args.trusted_proxy_key_file.as_deref();
    let keys = keys.map(|file| ProxyKeys::watch(file, runtime)).transpose()?;
    Ok(TrustedProxies::new(&args.trusted_proxies).with_keys(keys))
}

fn layers(args: &Args, limiter: Arc<RateLimiter>, runtime: &Runtime) -> Layers {
    let rate_limit = ClientLimit {
        limiter,
        quota: Quota::new(args.rate_limit_per_minute, args.rate_limit_burst),
        web: Quota::new(args.rate_limit_web_per_minute, args.rate_limit_web_burst),
        sign_in: Quota::new(args.sign_in_limit_per_ip, args.sign_in_limit_per_ip),
        register: Quota::new(args.register_limit_per_ip(), args.register_limit_per_ip()),
        untrusted_proxies: UntrustedProxyMonitor::new(runtime),
    };
    Layers {
        rate_limit,
        concurrency: ConcurrencyLimit::new(
            args.max_in_flight,
            BodyBudget::new(args.max_body_memory_bytes),
        ),
        origins: Origins(args.cors_origins.to_vec()),
        observe: ObserveConfig { runtime: runtime.clone(), deadline: args.request_timeout },
        is_https: IsHttps(args.api_url.as_ref().is_some_and(Origin::is_https)),
    }
}

/// Connects to Redis when a URL is set.
fn redis(args: &Args, runtime: &Runtime) -> Result<Option<Redis>, Error> {
    if args.redis.redis_url.is_none() && args.redis.redis_url_file.is_none() {
        tracing::warn!("REDIS_URL is not set: rate limits apply per replica");
        return Ok(None);
    }
    Ok(Some(kit::redis::connect(&args.redis, runtime)?))
}

/// Combines the routes of shoppers and of these groups, and the fallbacks for other paths.
fn router(args: &Args, app: App, groups: RouteGroups) -> Router {
    let routes = routes::all(args.catalog_max_age, groups.admin, Descriptions::Dropped);
    let routes = match groups.docs {
        true => Router::from(routes).merge(openapi::viewer()),
        false => Router::from(routes),
    };
    routes.fallback(not_found).method_not_allowed_fallback(method_not_allowed).with_state(app)
}

async fn not_found() -> Problem {
    Code::NotFound.problem()
}

async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.problem()
}
