//! Error pages: every error of a handler or a layer as a page with its status, the next step for
//! the visitor, and the request id.

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri, header};

use crate::app::App;
use crate::messages::{ErrorText, Messages};
use crate::page::Page;
use crate::page_error::ErrorPage;
use crate::pages;
use crate::session;
use crate::view::{Head, View};

/// Seconds after which a visitor may try again when the error does not say when: a circuit breaker
/// of the gateway lets a call through after one second.
const OUTAGE_RETRY_SECS: u64 = 2;

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorView {
    m: &'static Messages,
    status: u16,
    text: ErrorText,
    retry_after: Option<String>,
    request_id: String,
    /// The page to try again; `None` after a form, which the browser repeats.
    retry_href: Option<String>,
}

impl View for ErrorView {
    fn head(&self) -> Head {
        Head::private(self.text.title)
    }
}

/// Replaces error responses that are no pages.
pub(super) async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let copy = copy_of(&parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if !is_error {
        return response;
    }
    let known = response.extensions().get::<ErrorPage>().copied();
    let retry_after_secs = match known {
        Some(ErrorPage::SignIn) => return sign_in(&copy, &Page::from_parts(&copy, &app)),
        Some(ErrorPage::Status { retry_after_secs }) => retry_after_secs,
        None => None,
    };
    let retry_after_secs = retry_after_secs
        .or_else(|| retry_after(&response))
        .or_else(|| is_outage(response.status()).then_some(OUTAGE_RETRY_SECS));
    if let Some(seconds) = retry_after_secs {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if is_html(&response) {
        return response;
    }
    let page = Page::from_parts(&copy, &app).with_status(response.status());
    let view = error_view(&page, response.status(), retry_after_secs, &copy);
    match page.render_without_gateway(view) {
        Ok(mut page) => {
            keep_headers(response.headers(), page.headers_mut());
            page
        }
        Err(error) => {
            tracing::error!(%error, "error page cannot be rendered");
            response
        }
    }
}

fn error_view(
    page: &Page,
    status: StatusCode,
    retry_after_secs: Option<u64>,
    request: &Parts,
) -> ErrorView {
    let m = page.messages();
    let is_transient = matches!(status.as_u16(), 429 | 500..);
    let is_get = request.method == Method::GET;
    let url = request.uri.path_and_query().map(ToString::to_string);
    ErrorView {
        m,
        status: status.as_u16(),
        text: (m.errors.text)(status.as_u16()),
        retry_after: retry_after_secs.map(|seconds| (m.errors.retry_after)(seconds)),
        request_id: kit::context::request_id().map(|id| id.to_string()).unwrap_or_default(),
        retry_href: url.filter(|_| is_transient && is_get),
    }
}

/// Redirects to the sign-in page, which leads back to the page; after a form, to the form's page. A
/// guest with a cart who checks out goes to the step of the checkout that offers to sign in.
fn sign_in(request: &Parts, page: &Page) -> Response {
    let is_form = request.method != Method::GET;
    let is_checkout = pages::checkout::contains(request.uri.path());
    let has_guest_cart = page.session().cart_token().is_some();
    // Only pages of customers contain the forms of the checkout, so the session of their sender
    // has ended, even if the browser has removed its cookies.
    let had_session = page.session().had_session() || (is_checkout && is_form && !has_guest_cart);
    if is_checkout && has_guest_cart && !had_session {
        return Redirect::to(pages::checkout::CONTACT_PATH).into_response();
    }
    let page_of_form = if is_form { referring_path(&request.headers) } else { None };
    let next = page_of_form.unwrap_or_else(|| path_of(&request.uri));
    let reason = match (had_session, is_form) {
        (true, true) => "unsaved",
        (true, false) => "expired",
        (false, _) => "required",
    };
    Redirect::to(&session::Next::new(&next).sign_in_url(Some(reason))).into_response()
}

/// Returns path and query of the page that sent a form. Browsers send the whole URL within the
/// shop, because of our `Referrer-Policy`. Without it the target of the form leads to the page, as
/// [`crate::router`] says.
fn referring_path(headers: &HeaderMap) -> Option<String> {
    let referrer = headers.get(header::REFERER)?.to_str().ok()?;
    Some(path_of(&referrer.parse::<Uri>().ok()?))
}

fn path_of(uri: &Uri) -> String {
    uri.path_and_query().map(ToString::to_string).unwrap_or_default()
}

fn is_outage(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

fn is_html(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

fn retry_after(response: &Response) -> Option<u64> {
    response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

/// Copies the headers of an error that a client needs.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}

/// Copies what a page needs of a request; its body goes to the handler.
fn copy_of(parts: &Parts) -> Parts {
    let (mut copy, ()) = http::Request::new(()).into_parts();
    copy.method = parts.method.clone();
    copy.uri = parts.uri.clone();
    copy.headers = parts.headers.clone();
    copy.extensions = parts.extensions.clone();
    copy
}
