//! State that the handlers share. Cheap to clone.

use std::sync::Arc;

use kit::http::{EventStreams, ProxyKey};
use kit::{Env, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::HttpClient;
use crate::args::Args;
use crate::error::Error;
use crate::gateway_client::{CategoryCache, DeliveryEstimates};
use crate::messages::Messages;
use crate::session::{CookieSettings, TokenRefresher};
use crate::shop_info::ShopInfo;

/// Maximum number of open event streams: as many as a replica of the gateway has.
const MAX_EVENT_STREAMS: u64 = 256;

/// Maximum number of requests that wait for an event: each has a stream of the gateway.
const MAX_WAITS: usize = 64;

/// Returns how many requests may wait for an event: a quarter of those in flight, so that others
/// are served meanwhile.
fn max_waits(max_in_flight: u64) -> usize {
    usize::try_from(max_in_flight / 4).unwrap_or(MAX_WAITS).clamp(1, MAX_WAITS)
}

/// State that the handlers share.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    shop: ShopInfo,
    http: HttpClient,
    categories: CategoryCache,
    delivery_estimates: DeliveryEstimates,
    refresher: TokenRefresher,
    cookies: CookieSettings,
    event_streams: EventStreams,
    /// Places of requests that wait for an event.
    waits: Arc<Semaphore>,
    env: Env,
}

impl App {
    /// Creates the state. The gateway does not have to be up yet.
    ///
    /// # Errors
    /// Returns an error when the key for the gateway cannot be read.
    pub(crate) fn new(
        args: &Args,
        messages: &'static Messages,
        runtime: &Runtime,
    ) -> Result<Self, Error> {
        let key = args.trusted_proxy_key_file.as_deref();
        let key = key.map(|file| ProxyKey::watch(file, runtime)).transpose()?;
        let http = HttpClient::new(args.gateway_url.clone(), key)?;
        Ok(Self(Arc::new(Shared {
            shop: ShopInfo::new(args, messages),
            refresher: TokenRefresher::new(http.clone(), runtime.clone()),
            categories: CategoryCache::new(runtime.clone()),
            delivery_estimates: DeliveryEstimates::new(),
            cookies: CookieSettings {
                is_https: args.web_url.is_https(),
                guest_cart_ttl: args.guest_cart_ttl,
            },
            event_streams: EventStreams::new(MAX_EVENT_STREAMS, runtime),
            waits: Arc::new(Semaphore::new(max_waits(args.max_in_flight))),
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

    /// The cheapest delivery of each product, kept for some minutes.
    pub(crate) fn delivery_estimates(&self) -> &DeliveryEstimates {
        &self.0.delivery_estimates
    }

    /// Refreshes sessions, one call per refresh token.
    pub(crate) fn refresher(&self) -> &TokenRefresher {
        &self.0.refresher
    }

    /// How cookies are set.
    pub(crate) fn cookies(&self) -> CookieSettings {
        self.0.cookies
    }

    /// The open event streams of visitors.
    pub(crate) fn event_streams(&self) -> &EventStreams {
        &self.0.event_streams
    }

    /// Takes the place of a request that waits for an event; `None` if too many requests wait.
    pub(crate) fn try_wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.waits).try_acquire_owned().ok()
    }

    /// Time, ids and randomness.
    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }
}
