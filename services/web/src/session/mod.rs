//! The session of a visitor: the token pair in cookies, the token of a guest's cart, flash messages
//! and the color theme.
//!
//! There is no session store. Nothing here trusts a cookie: the gateway verifies tokens, and flash
//! messages are codes of a fixed list. An outage signs nobody out: only a rejected refresh token
//! removes the cookies.

mod cookies;
mod flash;
mod layer;
mod next;
mod refresh;
mod theme;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cookie::{Cookie, CookieJar};
use http::{Extensions, HeaderMap, HeaderValue, header};
use kit::http::{Client, Sender};

use crate::api::{AccessToken, CallError, CartToken, RefreshToken, Tokens};

pub(crate) use cookies::CookieSettings;
pub(crate) use flash::{Flash, FlashCode};
pub(crate) use layer::{provide_session, start_refresh};
pub(crate) use next::Next;
pub(crate) use refresh::TokenRefresher;
pub(crate) use theme::Theme;

use cookies::Name;
use refresh::Flight;

/// Returns who sent a request: the server has put it into the extensions.
pub(crate) fn visitor(extensions: &Extensions) -> Client {
    let unknown = || Client::from(IpAddr::from(Ipv4Addr::UNSPECIFIED));
    extensions.get::<Sender>().map_or_else(unknown, |sender| sender.client)
}

/// The session of one request. Clones share it.
#[derive(Clone)]
pub(crate) struct Session(Arc<Inner>);

struct Inner {
    settings: CookieSettings,
    refresher: TokenRefresher,
    visitor: Client,
    /// Whether this request may refresh the session: pages and forms do, prefetches do not.
    may_refresh: bool,
    /// Whether the request came with tokens. The gateway may have rejected them since.
    had_session: bool,
    /// The last refresh that the request has started.
    refresh: Mutex<Option<Flight>>,
    jar: Mutex<CookieJar>,
}

impl Session {
    /// Reads the cookies of a request.
    pub(crate) fn new(
        headers: &HeaderMap,
        settings: CookieSettings,
        refresher: TokenRefresher,
        visitor: Client,
    ) -> Self {
        let jar = parse_cookies(headers);
        let has = |name| jar.get(&settings.name(name)).is_some();
        let had_session = has(Name::Access) || has(Name::Refresh);
        let may_refresh = !headers.contains_key("sec-purpose");
        Self(Arc::new(Inner {
            settings,
            refresher,
            visitor,
            may_refresh,
            had_session,
            refresh: Mutex::default(),
            jar: Mutex::new(jar),
        }))
    }

    /// The address that the gateway counts the calls of this request for.
    pub(crate) fn visitor(&self) -> Client {
        self.0.visitor
    }

    /// Starts the refresh that this request needs, without waiting for it.
    pub(crate) fn start_refresh(&self) {
        if self.access_cookie().is_none()
            && let Some(token) = self.refresh_token()
        {
            self.refresh_with(token);
        }
    }

    /// Whether the session goes on, but not with the tokens of the request: a sign-out ends it, and
    /// a sign-in has tokens.
    fn awaits_tokens(&self) -> bool {
        self.access_cookie().is_none() && self.refresh_token().is_some()
    }

    fn refresh_with(&self, token: RefreshToken) -> Flight {
        let flight = self.0.refresher.start(token, self.0.visitor);
        *self.refresh() = Some(flight.clone());
        flight
    }

    fn refresh(&self) -> MutexGuard<'_, Option<Flight>> {
        self.0.refresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the refresh that this request has started, if any, so that the response contains
    /// its cookies. A failure has been logged, keeps the cookies, and is not repeated.
    async fn finish_refresh(&self, max_wait: Duration) {
        // The guard must not be held while waiting.
        let flight = self.refresh().take();
        let Some(flight) = flight.filter(|_| self.awaits_tokens()) else { return };
        if tokio::time::timeout(max_wait, self.finish(flight)).await.is_err() {
            tracing::warn!("response sent before the session was refreshed");
        }
    }

    /// Returns the access token, refreshed if necessary; `None` for a guest.
    ///
    /// # Errors
    /// Fails when the session cannot be refreshed at the moment. The cookies stay.
    pub(crate) async fn access_token(&self) -> Result<Option<AccessToken>, CallError> {
        if let Some(token) = self.access_cookie() {
            return Ok(Some(token));
        }
        let Some(refresh) = self.refresh_token() else { return Ok(None) };
        self.finish(self.refresh_with(refresh)).await
    }

    /// Waits for a refresh, and keeps its tokens in the browser.
    async fn finish(&self, flight: Flight) -> Result<Option<AccessToken>, CallError> {
        match flight.tokens().await {
            Ok(tokens) => {
                let access = tokens.access_token.clone();
                self.store(&tokens, self.is_persistent());
                Ok(Some(access))
            }
            Err(CallError::Problem(problem)) if matches!(problem.status, 400 | 401 | 403) => {
                self.forget();
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces a token that the gateway rejected.
    pub(crate) async fn renew(
        &self,
        rejected: &AccessToken,
    ) -> Result<Option<AccessToken>, CallError> {
        if self.access_cookie().as_ref() == Some(rejected) {
            self.remove(Name::Access);
        }
        self.access_token().await
    }

    /// Begins a session. A persistent one outlives the browser.
    pub(crate) fn store(&self, tokens: &Tokens, is_persistent: bool) {
        let settings = self.0.settings;
        self.add(settings.access(&tokens.access_token, tokens.expires_in));
        self.add(settings.refresh(&tokens.refresh_token, is_persistent));
    }

    /// Removes the tokens from the browser.
    pub(crate) fn forget(&self) {
        self.remove(Name::Access);
        self.remove(Name::Refresh);
    }

    /// Returns the refresh token.
    pub(crate) fn refresh_token(&self) -> Option<RefreshToken> {
        if !self.0.may_refresh {
            return None;
        }
        let value = self.value(Name::Refresh)?;
        cookies::parse_refresh(&value).map(|(token, _)| token)
    }

    /// Whether the visitor has a session, as far as its cookies say.
    pub(crate) fn is_signed_in(&self) -> bool {
        self.access_cookie().is_some() || self.value(Name::Refresh).is_some()
    }

    /// Returns the token of the guest's cart.
    pub(crate) fn cart_token(&self) -> Option<CartToken> {
        CartToken::parse(self.value(Name::Cart)?)
    }

    /// Whether the visitor may have something in a cart, as far as the cookies say.
    pub(crate) fn may_have_cart(&self) -> bool {
        self.is_signed_in() || self.cart_token().is_some()
    }

    /// Keeps the token of a guest's cart in the browser.
    pub(crate) fn store_cart(&self, token: &CartToken) {
        self.add(self.0.settings.cart(token));
    }

    /// Removes the token of a guest's cart from the browser.
    pub(crate) fn forget_cart(&self) {
        self.remove(Name::Cart);
    }

    /// Whether the visitor came with a session, even if it has ended.
    pub(crate) fn had_session(&self) -> bool {
        self.0.had_session
    }

    /// Shows a message on the next page.
    pub(crate) fn flash(&self, flash: Flash) {
        self.add(self.0.settings.flash(&flash));
    }

    /// Returns the message of the previous request, once.
    pub(crate) fn take_flash(&self) -> Option<Flash> {
        let flash = Flash::parse(&self.value(Name::Flash)?);
        self.remove(Name::Flash);
        flash
    }

    /// Returns the color theme that the visitor chose.
    pub(crate) fn theme(&self) -> Theme {
        self.value(Name::Theme).and_then(|value| Theme::parse(&value)).unwrap_or_default()
    }

    /// Sets the color theme.
    pub(crate) fn set_theme(&self, theme: Theme) {
        match theme {
            Theme::Auto => self.remove(Name::Theme),
            theme => self.add(self.0.settings.theme(theme)),
        }
    }

    /// Returns the values of `Set-Cookie` for the cookies that changed.
    fn changed_cookies(&self) -> Vec<HeaderValue> {
        let jar = self.jar();
        // Names and values are of our own making, so that each is a valid header.
        jar.delta().filter_map(|cookie| HeaderValue::try_from(cookie.to_string()).ok()).collect()
    }

    fn access_cookie(&self) -> Option<AccessToken> {
        self.value(Name::Access).map(AccessToken::from)
    }

    /// Whether the refresh cookie outlives the browser.
    fn is_persistent(&self) -> bool {
        let value = self.value(Name::Refresh);
        value.and_then(|value| cookies::parse_refresh(&value)).is_some_and(|(_, kept)| kept)
    }

    fn value(&self, name: Name) -> Option<String> {
        let jar = self.jar();
        let cookie = jar.get(&self.0.settings.name(name))?;
        (!cookie.value().is_empty()).then(|| cookie.value().to_owned())
    }

    fn add(&self, cookie: Cookie<'static>) {
        self.jar().add(cookie);
    }

    fn remove(&self, name: Name) {
        self.jar().remove(self.0.settings.removal(name));
    }

    fn jar(&self) -> MutexGuard<'_, CookieJar> {
        self.0.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parses the cookies of a request. Invalid ones are ignored.
fn parse_cookies(headers: &HeaderMap) -> CookieJar {
    let mut jar = CookieJar::new();
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    for cookie in lines.flat_map(|line| Cookie::split_parse(line.to_owned())).flatten() {
        jar.add_original(cookie.into_owned());
    }
    jar
}
