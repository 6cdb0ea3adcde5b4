//! State that the handlers share. Cheap to clone.

use std::sync::Arc;

use kit::http::ProxyKey;
use kit::{Env, Runtime};

use crate::api::HttpClient;
use crate::args::Args;
use crate::error::Error;
use crate::gateway_client::CategoryCache;
use crate::session::{CookieSettings, TokenRefresher};
use crate::shop_info::ShopInfo;

/// State that the handlers share.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    shop: ShopInfo,
    http: HttpClient,
    categories: CategoryCache,
    refresher: TokenRefresher,
    cookies: CookieSettings,
    env: Env,
}

impl App {
    /// Creates the state. The gateway does not have to be up yet.
    ///
    /// # Errors
    /// Returns an error when the key for the gateway cannot be read.
    pub(crate) fn new(args: &Args, runtime: &Runtime) -> Result<Self, Error> {
        let key = args.trusted_proxy_key_file.as_deref();
        let key = key.map(|file| ProxyKey::watch(file, runtime)).transpose()?;
        let http = HttpClient::new(args.gateway_url.clone(), key)?;
        Ok(Self(Arc::new(Shared {
            shop: ShopInfo::new(args),
            refresher: TokenRefresher::new(http.clone(), runtime.clone()),
            categories: CategoryCache::default(),
            cookies: CookieSettings { is_https: args.web_url.is_https() },
            env: runtime.env.clone(),
            http,
        })))
    }

    /// What all pages show of the shop.
    pub(crate) fn shop(&self) -> &ShopInfo {
        &self.0.shop
    }

    /// The client of the gateway's API, without a session.
    pub(crate) fn http(&self) -> &HttpClient {
        &self.0.http
    }

    /// The categories, kept for a few seconds.
    pub(crate) fn categories(&self) -> &CategoryCache {
        &self.0.categories
    }

    /// Refreshes sessions, one call per refresh token.
    pub(crate) fn refresher(&self) -> &TokenRefresher {
        &self.0.refresher
    }

    /// How cookies are set.
    pub(crate) fn cookies(&self) -> CookieSettings {
        self.0.cookies
    }

    /// Time, ids and randomness.
    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }
}
