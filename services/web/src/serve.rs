//! Builds the web shop from its settings and serves it.

use std::time::Duration;

use axum::Router;
use kit::Runtime;
use kit::http::TrustedProxies;
use tokio::net::TcpListener;

use crate::app::App;
use crate::args::Args;
use crate::error::Error;
use crate::messages::Messages;
use crate::middleware::{Layers, RequestLimits, SecurityHeaders, apply_layers};
use crate::router;

/// Deadline of a page.
const PAGE_DEADLINE: Duration = Duration::from_secs(8);

/// Deadline of placing an order: its call has 18 seconds.
const PLACE_DEADLINE: Duration = Duration::from_secs(19);

/// Deadline of the page of an order, which may wait for a change for 8 seconds.
const ORDER_DEADLINE: Duration = Duration::from_secs(16);

/// Serves the web shop until the graceful shutdown has drained its connections.
///
/// # Errors
/// Returns an error when a setting is invalid or the address cannot be bound.
pub async fn serve(args: Args, runtime: Runtime) -> Result<(), Error> {
    let runtime = runtime.component("web");
    let listener = kit::http::listen(args.web_listen, &runtime).await?;
    serve_on(listener, args, runtime).await
}

/// Serves the web shop on an open listener; ignores `web_listen`.
///
/// # Errors
/// Returns an error when a setting is invalid.
pub async fn serve_on(listener: TcpListener, args: Args, runtime: Runtime) -> Result<(), Error> {
    let messages = Messages::for_locale(args.locale);
    serve_in(messages, listener, args, runtime).await
}

/// Serves the web shop in the pseudo-locale: every text of the catalogue is in brackets, and
/// longer. For tests.
///
/// # Errors
/// Returns an error when a setting is invalid.
#[cfg(debug_assertions)]
pub async fn serve_pseudo_localized_on(
    listener: TcpListener,
    args: Args,
    runtime: Runtime,
) -> Result<(), Error> {
    serve_in(Messages::pseudo(), listener, args, runtime).await
}

async fn serve_in(
    messages: &'static Messages,
    listener: TcpListener,
    args: Args,
    runtime: Runtime,
) -> Result<(), Error> {
    let runtime = runtime.component("web");
    let app = App::new(&args, messages, &runtime)?;
    let router = layered_router(&args, &app, &runtime)?;
    let trusted = TrustedProxies::new(&args.trusted_proxies);
    kit::http::serve(listener, router, &runtime, trusted).await;
    Ok(())
}

fn layered_router(args: &Args, app: &App, runtime: &Runtime) -> Result<Router, Error> {
    let layers = Layers {
        app: app.clone(),
        runtime: runtime.clone(),
        limits: RequestLimits::new(args.max_in_flight),
        headers: SecurityHeaders::new(&args.web_url, &args.image_origins),
    };
    let pages = router::pages().into_router().fallback(router::not_found);
    let place = router::place_order().into_router();
    let pages = apply_layers(&layers, pages.with_state(app.clone()), PAGE_DEADLINE)?;
    let place = apply_layers(&layers, place.with_state(app.clone()), PLACE_DEADLINE)?;
    let orders = router::order_pages().into_router();
    let orders = apply_layers(&layers, orders.with_state(app.clone()), ORDER_DEADLINE)?;
    Ok(pages.merge(place).merge(orders))
}
