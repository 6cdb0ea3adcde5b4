//! Why the web shop cannot start.

use tower_http::csrf::ConfigError;

use crate::api::HttpClientError;

/// Reason why the web shop cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL of the shop is no origin of a browser.
    #[error("WEB_URL: {0}")]
    WebUrl(#[from] ConfigError),
    /// The client of the gateway cannot be created.
    #[error(transparent)]
    HttpClient(#[from] HttpClientError),
    /// The runtime failed, for example the listener.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}
