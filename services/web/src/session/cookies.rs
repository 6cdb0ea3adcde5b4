//! The cookies: names, lifetimes and attributes.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use super::{Flash, Theme};
use crate::api::{AccessToken, CartToken, RefreshToken};

/// Time by which the access cookie ends before its token, so that an absent cookie means "refresh"
/// and a token does not expire on its way.
const ACCESS_MARGIN_SECS: i64 = 30;

const MINUTE_SECS: i64 = 60;
const DAY_SECS: i64 = 24 * 60 * MINUTE_SECS;

/// Lifetime of the refresh cookie with "keep me signed in". The user service decides when the
/// session really ends.
const REFRESH_SECS: i64 = 30 * DAY_SECS;

/// A cookie of the web shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Access,
    Refresh,
    Cart,
    Flash,
    Theme,
}

/// How cookies are set: with https as `Secure` and with the prefix `__Host-`. Over plain http
/// browsers drop such cookies, except on localhost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieSettings {
    pub(crate) is_https: bool,
    /// Lifetime of the cart cookie: that of a guest's cart without changes.
    pub(crate) guest_cart_ttl: std::time::Duration,
}

impl CookieSettings {
    /// Returns the name in the browser.
    pub(super) fn name(self, name: Name) -> String {
        let prefix = if self.is_https { "__Host-" } else { "" };
        let name = match name {
            Name::Access => "access",
            Name::Refresh => "refresh",
            Name::Cart => "cart",
            Name::Flash => "flash",
            Name::Theme => "theme",
        };
        format!("{prefix}{name}")
    }

    /// The access token, until shortly before it expires.
    pub(super) fn access(self, token: &AccessToken, expires_in_secs: i64) -> Cookie<'static> {
        let lifetime = (expires_in_secs - ACCESS_MARGIN_SECS).max(1);
        self.cookie(Name::Access, token.expose().to_owned(), Some(lifetime))
    }

    /// The refresh token. Its cookie ends with the browser unless it is persistent; the value says
    /// which, because browsers do not send the lifetime.
    pub(super) fn refresh(self, token: &RefreshToken, is_persistent: bool) -> Cookie<'static> {
        let kind = if is_persistent { PERSISTENT } else { UNTIL_CLOSE };
        let value = format!("{kind}{}", token.expose());
        self.cookie(Name::Refresh, value, is_persistent.then_some(REFRESH_SECS))
    }

    /// The token of a guest's cart, as long as the cart.
    pub(super) fn cart(self, token: &CartToken) -> Cookie<'static> {
        let seconds = i64::try_from(self.guest_cart_ttl.as_secs()).unwrap_or(i64::MAX);
        self.cookie(Name::Cart, token.expose().to_owned(), Some(seconds))
    }

    /// A message for the next page, which is probably requested at once.
    pub(super) fn flash(self, flash: &Flash) -> Cookie<'static> {
        self.cookie(Name::Flash, flash.to_value(), Some(MINUTE_SECS))
    }

    /// The color theme.
    pub(super) fn theme(self, theme: Theme) -> Cookie<'static> {
        self.cookie(Name::Theme, theme.name().to_owned(), Some(365 * DAY_SECS))
    }

    /// The cookie to remove from the browser.
    pub(super) fn removal(self, name: Name) -> Cookie<'static> {
        self.cookie(name, String::new(), None)
    }

    fn cookie(self, name: Name, value: String, lifetime_secs: Option<i64>) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name(name), value);
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_path("/");
        if self.is_https {
            cookie.set_secure(true);
        }
        if let Some(seconds) = lifetime_secs {
            cookie.set_max_age(Duration::seconds(seconds));
        }
        cookie
    }
}

/// First character of the value of a refresh cookie that outlives the browser.
const PERSISTENT: char = 'p';

/// First character of the value of a refresh cookie that ends with the browser.
const UNTIL_CLOSE: char = 's';

/// Parses the value of the refresh cookie: the token, and whether the cookie is persistent.
pub(super) fn parse_refresh(value: &str) -> Option<(RefreshToken, bool)> {
    let is_persistent = value.starts_with(PERSISTENT);
    let token = value.strip_prefix([PERSISTENT, UNTIL_CLOSE])?;
    (!token.is_empty()).then(|| (RefreshToken::from(token.to_owned()), is_persistent))
}

#[cfg(test)]
mod tests {
    use std::time::Duration as StdDuration;

    use super::*;

    fn settings(is_https: bool) -> CookieSettings {
        CookieSettings { is_https, guest_cart_ttl: StdDuration::from_secs(3600) }
    }

    #[test]
    fn cookies_are_secure_with_https_only() {
        let token = RefreshToken::from("t".to_owned());
        let https = settings(true).refresh(&token, true).to_string();
        assert_eq!(
            https,
            "__Host-refresh=pt; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000"
        );
        let http = settings(false).refresh(&token, false).to_string();
        assert_eq!(http, "refresh=st; HttpOnly; SameSite=Lax; Path=/");
        let token = CartToken::parse("A".repeat(43)).unwrap();
        let cart = settings(true).cart(&token).to_string();
        assert!(cart.starts_with("__Host-cart=A"), "{cart}");
        assert!(cart.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600"));
    }

    #[test]
    fn access_cookie_ends_before_its_token() {
        let settings = settings(false);
        for (expires_in, max_age) in [(900, "Max-Age=870"), (10, "Max-Age=1")] {
            let cookie = settings.access(&AccessToken::from("a".to_owned()), expires_in);
            assert!(cookie.to_string().ends_with(max_age), "{cookie}");
        }
    }

    #[test]
    fn refresh_value_keeps_its_kind() {
        let parse =
            |value| parse_refresh(value).map(|(token, kept)| (token.expose().to_owned(), kept));
        assert_eq!(parse("pabc"), Some(("abc".to_owned(), true)));
        assert_eq!(parse("sabc"), Some(("abc".to_owned(), false)));
        for invalid in ["", "p", "xabc"] {
            assert_eq!(parse(invalid), None, "{invalid}");
        }
    }
}
