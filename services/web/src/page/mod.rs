//! The extractor of every handler: the visitor's session, the gateway, and the layout.

mod layout;
mod layout_context;
mod response;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode, Uri, header};

use crate::app::App;
use crate::format::Format;
use crate::gateway_client::{GatewayClient, none_if_slow};
use crate::messages::Messages;
use crate::page_error::PageError;
use crate::session::{self, Session};
use crate::shop_info::ShopInfo;
use crate::view::View;

use layout::{Content, Layout};
use layout_context::LayoutContext;
use response::PageResponse;

/// The page that a request asks for.
#[derive(Clone)]
pub(crate) struct Page {
    app: App,
    session: Session,
    gateway: GatewayClient,
    /// Path and query of the request.
    url: String,
    if_none_match: Option<HeaderValue>,
    status: StatusCode,
    /// Units in the cart, if the handler knows them.
    cart_units: Option<u64>,
}

impl Page {
    /// Reads a request. Its session has been inserted by [`crate::session::provide_session`].
    pub(crate) fn from_parts(parts: &Parts, app: &App) -> Self {
        let session = parts.extensions.get::<Session>().cloned();
        let session = session.unwrap_or_else(|| {
            let visitor = session::visitor(&parts.extensions);
            Session::new(&parts.headers, app.cookies(), app.refresher().clone(), visitor)
        });
        Self {
            app: app.clone(),
            gateway: GatewayClient::new(app.http().clone(), session.clone()),
            session,
            url: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            if_none_match: parts.headers.get(header::IF_NONE_MATCH).cloned(),
            status: StatusCode::OK,
            cart_units: None,
        }
    }

    /// A page as a visitor without cookies gets it.
    pub(crate) fn anonymous(app: &App, path: &'static str) -> Self {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        parts.uri = Uri::from_static(path);
        Self::from_parts(&parts, app)
    }

    /// The gateway, as this visitor reaches it.
    pub(crate) fn gateway(&self) -> &GatewayClient {
        &self.gateway
    }

    /// State that all requests share.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The visitor's session.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// What all pages show of the shop.
    pub(crate) fn shop(&self) -> &ShopInfo {
        self.app.shop()
    }

    /// The texts in the language of the shop.
    pub(crate) fn messages(&self) -> &'static Messages {
        self.app.shop().messages
    }

    /// The form of amounts and dates.
    pub(crate) fn format(&self) -> &Format {
        &self.app.shop().format
    }

    /// Generates an idempotency key for a form.
    pub(crate) fn new_key(&self) -> String {
        self.app.env().uuid().to_string()
    }

    /// Sets the status of the response.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Sets the number of units in the cart, so that the layout does not ask for it.
    pub(crate) fn with_cart_units(self, units: u64) -> Self {
        Self { cart_units: Some(units), ..self }
    }

    /// Renders the view within the layout.
    pub(crate) async fn render(self, view: impl View) -> Result<Response, PageError> {
        let content = Content::new(&view)?;
        self.render_content(content).await
    }

    /// Renders the view within a layout that needs no call of the gateway, which may be down.
    pub(crate) fn render_without_gateway(self, view: impl View) -> Result<Response, PageError> {
        let context = LayoutContext::new(&self, &[], None);
        self.respond(Content::new(&view)?, context)
    }

    // From here on nothing depends on the type of the view, so that the program contains it once.
    async fn render_content(self, content: Content) -> Result<Response, PageError> {
        let (categories, cart_units) =
            tokio::join!(none_if_slow(self.app.categories().get(&self.gateway)), self.cart_units());
        let context =
            LayoutContext::new(&self, categories.as_deref().unwrap_or_default(), cart_units);
        self.respond(content, context)
    }

    fn respond(self, content: Content, context: LayoutContext) -> Result<Response, PageError> {
        let storage = content.head.storage;
        let is_rejection = self.status == StatusCode::UNPROCESSABLE_ENTITY;
        let layout = Layout::new(self.shop(), context, content).rejection(is_rejection);
        let html = layout.render()?;
        let response = PageResponse { html, storage, status: self.status };
        Ok(response.respond_to(self.if_none_match.as_ref()))
    }

    async fn cart_units(&self) -> Option<u64> {
        match self.cart_units {
            Some(units) => Some(units),
            None if self.session.may_have_cart() => {
                none_if_slow(self.gateway.cart()).await.map(|cart| cart.units())
            }
            None => None,
        }
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::from_parts(parts, app))
    }
}
