//! The web shop: server-rendered pages for shoppers.
//!
//! It owns no data and calls only the REST API of the gateway. Every function works without
//! JavaScript: every action is a form, answered by a redirect (Post/Redirect/Get).
//!
//! - `pages`: handlers, with the view and the form of each page beside them; `templates` holds the
//!   template of each page at the same path
//! - `page`: the extractor that every handler uses, and the layout around every view
//! - `api`: calls of the gateway, problem details, tokens
//! - `gateway_client`: one file per resource of the REST API, only the fields that pages show
//! - `session`: cookies, token refresh, the token of a guest's cart, flash messages
//! - `forms`: form parsing, submitted values, field errors
//! - `format`: money, dates, pagination, JSON-LD: pure functions
//! - `messages`: the message catalogue
//! - `middleware`: security headers, entity tags, error pages

mod api;
mod app;
mod args;
mod assets;
mod base_url;
mod error;
mod format;
mod forms;
mod gateway_client;
mod locale;
mod messages;
mod middleware;
mod page;
mod page_error;
mod pages;
mod router;
mod serve;
mod session;
mod shop_info;
mod view;

pub use api::HttpClientError;
pub use args::{Args, Robots};
pub use base_url::BaseUrl;
pub use error::Error;
pub use locale::Locale;
pub use router::{RouteInfo, routes};
#[cfg(debug_assertions)]
pub use serve::serve_pseudo_localized_on;
pub use serve::{serve, serve_on};
