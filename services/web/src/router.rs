//! The routes of the web shop. Each is recorded, so that tests can compare the list of pages that
//! they visit with the routes.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::{MethodRouter, get, post};
use http::{Method, Uri};

use crate::app::App;
use crate::page_error::PageError;
use crate::pages::{account, checkout, files, shop};
use crate::session::start_refresh;

/// A route: its method and the template of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method.
    pub method: Method,
    /// The path, with parameters such as `{slug}`.
    pub path: &'static str,
}

/// Returns all routes.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    let mut routes = pages().routes;
    routes.extend(place_order().routes);
    routes.extend(order_pages().routes);
    routes
}

/// A router that records its routes.
pub(crate) struct RecordingRouter {
    router: Router<App>,
    routes: Vec<RouteInfo>,
}

impl RecordingRouter {
    fn new() -> Self {
        Self { router: Router::new(), routes: Vec::new() }
    }

    /// Adds a page.
    fn page<H: Handler<T, App>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.route(Method::GET, path, get(handler).route_layer(from_fn(start_refresh)))
    }

    /// Adds a response that is no page, such as an image: it starts no refresh of the session.
    fn file<H: Handler<T, App>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.route(Method::GET, path, get(handler))
    }

    /// Adds the target of a form that has the path of its page.
    fn form<H: Handler<T, App>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.route(Method::POST, path, post(handler).route_layer(from_fn(start_refresh)))
    }

    /// Adds the target of a form that has another path than its page. A rejected form and an error
    /// leave this path in the address bar, so that a browser may open it: it goes to `page`. Path
    /// parameters of `page` must be at the same place in `path`.
    fn action<H: Handler<T, App>, T: 'static>(
        self,
        path: &'static str,
        page: &'static str,
        handler: H,
    ) -> Self {
        let to_page =
            move |uri: Uri| async move { Redirect::to(&page_of_action(page, uri.path())) };
        let routes = post(handler).route_layer(from_fn(start_refresh)).get(to_page);
        self.route(Method::POST, path, routes)
    }

    fn route(mut self, method: Method, path: &'static str, handler: MethodRouter<App>) -> Self {
        self.routes.push(RouteInfo { method, path });
        Self { router: self.router.route(path, handler), routes: self.routes }
    }

    /// Returns the router.
    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }
}

/// Returns the path of the page with the template `page`, whose parameters are those of `path`.
fn page_of_action(page: &str, path: &str) -> String {
    let segments = page.split('/').zip(path.split('/'));
    let filled = segments.map(|(page, path)| if page.starts_with('{') { path } else { page });
    filled.collect::<Vec<_>>().join("/")
}

/// All routes but those with a longer deadline.
pub(crate) fn pages() -> RecordingRouter {
    let router = RecordingRouter::new()
        .file("/assets/{file}", files::asset)
        .file("/images/products/{file}", files::product_image)
        .file("/sw.js", files::service_worker);
    account_pages(checkout_pages(shop_pages(debug_pages(router))))
}

/// Pages for those who develop the shop. A release does not have them.
#[cfg(debug_assertions)]
fn debug_pages(router: RecordingRouter) -> RecordingRouter {
    router.page("/styleguide", crate::pages::styleguide::show)
}

#[cfg(not(debug_assertions))]
fn debug_pages(router: RecordingRouter) -> RecordingRouter {
    router
}

fn shop_pages(router: RecordingRouter) -> RecordingRouter {
    router
        .page("/", shop::home::show)
        .page("/products", shop::products::show)
        .page("/products/{slug}", shop::product::show)
        .page("/categories", shop::categories::show)
        .page("/categories/{slug}", shop::products::show_category)
        .page("/search", shop::search::show)
        .page("/cart", shop::cart::show)
        .action("/cart/items", "/cart", shop::cart::add)
        .action("/cart/items/{product}", "/cart", shop::cart::change)
        .page("/help", shop::help::help)
        .page("/shipping-returns", shop::help::shipping_returns)
        .page("/accessibility", shop::help::accessibility)
        .page("/offline", shop::help::offline)
        .file("/robots.txt", shop::crawlers::robots)
        .file("/sitemap.xml", shop::crawlers::sitemap)
        .file("/site.webmanifest", shop::crawlers::manifest)
        .action("/theme", "/", shop::theme::set)
}

fn checkout_pages(router: RecordingRouter) -> RecordingRouter {
    router
        .page("/checkout", checkout::start::show)
        .page("/checkout/contact", checkout::contact::show)
        .page("/checkout/address", checkout::address::show)
        .form("/checkout/address", checkout::address::add)
        .page("/checkout/delivery", checkout::delivery::show)
        .page("/checkout/payment", checkout::payment::show)
        .form("/checkout/payment", checkout::payment::add)
        .page("/checkout/review", checkout::review::show)
}

/// The route that places an order.
pub(crate) fn place_order() -> RecordingRouter {
    RecordingRouter::new().action("/checkout/place", "/orders", checkout::place::place)
}

/// The routes of an order that wait for its changes.
pub(crate) fn order_pages() -> RecordingRouter {
    RecordingRouter::new()
        .page("/orders/{id}", account::order::show)
        .file("/orders/{id}/live", account::order_live::show)
}

fn account_pages(router: RecordingRouter) -> RecordingRouter {
    router
        .page("/login", account::login::show)
        .form("/login", account::login::sign_in)
        .page("/register", account::register::show)
        .form("/register", account::register::register)
        .action("/logout", "/", account::logout::sign_out)
        .page("/forgot-password", account::password_reset::show_forgot)
        .form("/forgot-password", account::password_reset::forgot)
        .page("/reset-password", account::password_reset::show_reset)
        .form("/reset-password", account::password_reset::reset)
        .page("/verify-email", account::verify_email::show)
        .form("/verify-email", account::verify_email::verify)
        .page("/account", account::overview::show)
        .page("/orders", account::orders::show)
        .action("/orders/{id}/cancel", "/orders/{id}", account::order::cancel)
        .action("/orders/{id}/buy-again", "/orders/{id}", account::order::buy_again)
        .page("/addresses", account::addresses::show)
        .page("/addresses/new", account::addresses::show_new)
        .form("/addresses/new", account::addresses::add)
        .page("/addresses/{id}", account::addresses::show_edit)
        .form("/addresses/{id}", account::addresses::replace)
        .action("/addresses/{id}/default", "/addresses", account::addresses::set_default)
        .action("/addresses/{id}/delete", "/addresses", account::addresses::delete)
        .page("/payment-methods", account::payment_methods::show)
        .form("/payment-methods", account::payment_methods::add)
        .action(
            "/payment-methods/{id}/default",
            "/payment-methods",
            account::payment_methods::set_default,
        )
        .action(
            "/payment-methods/{id}/delete",
            "/payment-methods",
            account::payment_methods::delete,
        )
        .page("/wishlist", account::wishlist::show)
        .action("/wishlist/items", "/wishlist", account::wishlist::add)
        .action("/wishlist/items/{product}/delete", "/wishlist", account::wishlist::remove)
        .page("/profile", account::profile::show)
        .form("/profile", account::profile::save)
        .page("/security", account::security::show)
        .action("/security/password", "/security", account::security::change_password)
        .action("/security/email", "/security", account::security::change_email)
        .action("/security/verify-email", "/security", account::security::resend_verification)
        .action("/security/sessions/{id}/end", "/security", account::security::end_session)
        .action(
            "/security/sign-out-everywhere",
            "/security",
            account::security::sign_out_everywhere,
        )
        .page("/privacy", account::privacy::show)
}

/// The handler of unknown paths.
pub(crate) async fn not_found() -> PageError {
    PageError::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_leads_to_the_page_with_its_parameters() {
        for (page, path, expected) in [
            ("/cart", "/cart/items/7", "/cart"),
            ("/orders/{id}", "/orders/7/cancel", "/orders/7"),
            ("/orders", "/checkout/place", "/orders"),
            ("/", "/logout", "/"),
        ] {
            assert_eq!(page_of_action(page, path), expected, "{path}");
        }
    }
}
