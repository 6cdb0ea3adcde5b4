//! The values of the settings that come from fields of a Storefront, as the component table names
//! them. `None` leaves a setting to the component's own default.

use crate::exposure::Origin;
use crate::spec::StorefrontSpec;

/// The currency of every price.
#[must_use]
pub fn currency(spec: &StorefrontSpec) -> Option<String> {
    Some(spec.currency.clone())
}

/// The origins from which browsers may call, separated by commas: those said, else the web shop's.
#[must_use]
pub fn cors_origins(spec: &StorefrontSpec) -> Option<String> {
    match spec.gateway.cors_origins.as_slice() {
        [] => spec.expose.urls.web.as_ref().map(|web| web.as_str().to_owned()),
        origins => Some(origins.iter().map(Origin::as_str).collect::<Vec<_>>().join(",")),
    }
}

/// The rate limit's requests a minute.
#[must_use]
pub fn requests_per_minute(spec: &StorefrontSpec) -> Option<String> {
    Some(spec.gateway.rate_limit.requests_per_minute.to_string())
}

/// The rate limit's requests at once.
#[must_use]
pub fn burst(spec: &StorefrontSpec) -> Option<String> {
    Some(spec.gateway.rate_limit.burst.to_string())
}

/// How long an access token is good.
#[must_use]
pub fn access_token_ttl(spec: &StorefrontSpec) -> Option<String> {
    Some(spec.auth.access_token_ttl.clone())
}

/// How long a refresh token is good.
#[must_use]
pub fn refresh_token_ttl(spec: &StorefrontSpec) -> Option<String> {
    Some(spec.auth.refresh_token_ttl.clone())
}

/// Who the first administrator is.
#[must_use]
pub fn admin_email(spec: &StorefrontSpec) -> Option<String> {
    spec.auth.admin_email.clone()
}

/// Who moves the money.
#[must_use]
pub fn payment_provider(spec: &StorefrontSpec) -> Option<String> {
    Some(spec.payments.provider.as_str().to_owned())
}

/// Who the shop's mails come from.
#[must_use]
pub fn mail_from(spec: &StorefrontSpec) -> Option<String> {
    spec.mail.from.clone()
}

/// Where links in mails lead to.
#[must_use]
pub fn web_url(spec: &StorefrontSpec) -> Option<String> {
    spec.expose.urls.web.as_ref().map(|web| web.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_may_call_from_the_web_shop_unless_origins_are_said() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert_eq!(cors_origins(&spec), None);
        spec.expose.urls.web = Some("https://shop.example.com".into());
        assert_eq!(cors_origins(&spec).as_deref(), Some("https://shop.example.com"));
        spec.gateway.cors_origins = vec!["https://a.example".into(), "https://b.example".into()];
        assert_eq!(cors_origins(&spec).as_deref(), Some("https://a.example,https://b.example"));
    }
}
