//! The values of the settings that come from fields of the Storefront.

use storefront_api::StorefrontSpec;
use storefront_api::component::Setting;
use storefront_api::exposure::{Network, Origin, RouteExposure};

use crate::ports;

/// Returns the value of a setting; `None` if the component's default applies.
pub(crate) fn value(setting: Setting, spec: &StorefrontSpec) -> Option<String> {
    let web = &spec.web;
    let web_url = || spec.expose.urls.web.as_ref().map(|web| web.as_str().to_owned());
    match setting {
        Setting::AccentHue => Some(web.accent_hue.to_string()),
        Setting::AccessTokenTtl => Some(spec.auth.access_token_ttl.clone()),
        Setting::AdminEmail => spec.auth.admin_email.clone(),
        Setting::AdminRoutes => restricted(spec.gateway.admin),
        Setting::ApiUrl => spec.expose.urls.api.as_ref().map(|api| api.as_str().to_owned()),
        Setting::CorsOrigins => list(&spec.gateway.cors_origins, Origin::as_str).or_else(web_url),
        Setting::Currency => Some(spec.currency.clone()),
        Setting::DocsRoutes => restricted(spec.gateway.docs),
        Setting::GatewayInternalListen => {
            spec.gateway.has_internal_routes().then(|| format!("[::]:{}", ports::GATEWAY_INTERNAL))
        }
        Setting::ImageOrigins => list(&web.image_origins, Origin::as_str),
        Setting::Locale => Some(web.locale.as_str().to_owned()),
        Setting::MailFrom => spec.mail.from.clone(),
        Setting::PaymentProvider => Some(spec.payments.provider.as_str().to_owned()),
        Setting::RateLimitBurst => Some(spec.gateway.rate_limit.burst.to_string()),
        Setting::RateLimitPerMinute => {
            Some(spec.gateway.rate_limit.requests_per_minute.to_string())
        }
        Setting::RefreshTokenTtl => Some(spec.auth.refresh_token_ttl.clone()),
        Setting::Robots => Some(web.robots.as_str().to_owned()),
        Setting::ShopName => Some(web.name.clone()),
        Setting::ShopTagline => web.tagline.clone(),
        Setting::SupportEmail => web.support_email.clone(),
        Setting::TimeZone => Some(web.time_zone.clone()),
        Setting::TrustedProxies => list(&spec.gateway.trusted_proxies, Network::as_str),
        Setting::WebUrl => web_url(),
    }
}

/// Returns the items separated by commas; `None` for an empty list.
fn list<T>(items: &[T], text: fn(&T) -> &str) -> Option<String> {
    (!items.is_empty()).then(|| items.iter().map(text).collect::<Vec<_>>().join(","))
}

/// Returns where a group of routes is served, unless the gateway's default applies.
fn restricted(exposure: RouteExposure) -> Option<String> {
    (exposure != RouteExposure::Public).then(|| exposure.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_proxies_are_passed_to_the_gateway() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        let trusted_proxies = |spec: &StorefrontSpec| value(Setting::TrustedProxies, spec);
        assert_eq!(trusted_proxies(&spec), None);
        spec.gateway.trusted_proxies = vec!["10.244.0.0/16".into(), "fd00::/8".into()];
        assert_eq!(trusted_proxies(&spec).as_deref(), Some("10.244.0.0/16,fd00::/8"));
    }

    #[test]
    fn api_url_comes_from_the_exposed_urls() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        assert_eq!(value(Setting::ApiUrl, &spec), None);
        spec.expose.urls.api = Some("https://api.example.com".into());
        assert_eq!(value(Setting::ApiUrl, &spec).as_deref(), Some("https://api.example.com"));
    }

    #[test]
    fn cors_origins_default_to_the_web_url() {
        let mut spec = StorefrontSpec::with_version("0.1.0");
        let cors_origins = |spec: &StorefrontSpec| value(Setting::CorsOrigins, spec);
        assert_eq!(cors_origins(&spec), None);
        spec.expose.urls.web = Some("https://shop.example.com".into());
        assert_eq!(cors_origins(&spec).as_deref(), Some("https://shop.example.com"));
        spec.gateway.cors_origins = vec!["https://a.example".into(), "https://b.example".into()];
        assert_eq!(cors_origins(&spec).as_deref(), Some("https://a.example,https://b.example"));
    }
}
