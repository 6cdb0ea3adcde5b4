//! The pages: handlers, with the view and the form of each page beside them.

pub(crate) mod account;
mod arrival;
pub(crate) mod checkout;
pub(crate) mod files;
mod guest_cart;
pub(crate) mod shop;
#[cfg(debug_assertions)]
pub(crate) mod styleguide;
mod summary_line;

use axum::response::{IntoResponse, Redirect, Response};

use arrival::arrival_day;
use guest_cart::merge_guest_cart;
use summary_line::SummaryLine;

/// Redirects the browser after a form (303), so that a reload does not repeat the form.
fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}
