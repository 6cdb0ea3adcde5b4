//! Static pages.

use askama::Template;
use axum::response::Response;

use crate::messages::{Messages, StaticText};
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "shop/help.html")]
struct HelpView {
    m: &'static Messages,
    text: &'static StaticText,
    path: &'static str,
    support_email: String,
}

impl View for HelpView {
    fn head(&self) -> Head {
        let head = Head::public(self.text.title).description(self.text.description);
        if self.path == "/offline" { head } else { head.indexed(self.path) }
    }
}

/// `GET /help`.
pub(crate) async fn help(page: Page) -> Result<Response, PageError> {
    let text = &page.messages().help.help;
    render(page, text, "/help").await
}

/// `GET /shipping-returns`.
pub(crate) async fn shipping_returns(page: Page) -> Result<Response, PageError> {
    let text = &page.messages().help.shipping_returns;
    render(page, text, "/shipping-returns").await
}

/// `GET /accessibility`.
pub(crate) async fn accessibility(page: Page) -> Result<Response, PageError> {
    let text = &page.messages().help.accessibility;
    render(page, text, "/accessibility").await
}

/// `GET /offline`: what the service worker shows without a network.
pub(crate) async fn offline(page: Page) -> Result<Response, PageError> {
    let text = &page.messages().help.offline;
    let support_email = page.shop().support_email.clone();
    let view = HelpView { m: page.messages(), text, path: "/offline", support_email };
    page.render_without_gateway(view)
}

async fn render(
    page: Page,
    text: &'static StaticText,
    path: &'static str,
) -> Result<Response, PageError> {
    let support_email = page.shop().support_email.clone();
    let view = HelpView { m: page.messages(), text, path, support_email };
    page.render(view).await
}
