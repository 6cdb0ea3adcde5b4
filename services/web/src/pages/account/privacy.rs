//! What the shop stores about a customer.

use askama::Template;
use axum::response::Response;

use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "account/privacy.html")]
struct PrivacyView {
    m: &'static Messages,
}

impl PrivacyView {
    fn current(&self) -> &'static str {
        "/privacy"
    }
}

impl View for PrivacyView {
    fn head(&self) -> Head {
        Head::private(self.m.privacy.title)
    }
}

/// `GET /privacy`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    // The page belongs to the account, and shows nothing of it.
    match page.gateway().me().await {
        Err(error) if !error.is_outage() => return Err(error.into()),
        _ => {}
    }
    let view = PrivacyView { m: page.messages() };
    page.render(view).await
}
