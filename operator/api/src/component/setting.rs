//! The settings of components whose values come from fields of the Storefront. The values are
//! computed in `storefront_desired`.

use super::Component;

/// A setting of a component whose value comes from a field of the Storefront.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The hue of the web shop's accent color.
    AccentHue,
    /// How long an access token is valid.
    AccessTokenTtl,
    /// The e-mail address of the first administrator.
    AdminEmail,
    /// Where the routes of administrators are served.
    AdminRoutes,
    /// The URL of the API, which decides whether browsers are to use https only.
    ApiUrl,
    /// The origins from which browsers may call the API.
    CorsOrigins,
    /// The currency of all prices.
    Currency,
    /// Where the API reference is served.
    DocsRoutes,
    /// The address of the gateway's internal port.
    GatewayInternalListen,
    /// The origins of product images besides the web shop.
    ImageOrigins,
    /// The language and the formats of the web shop.
    Locale,
    /// The sender of the shop's mails.
    MailFrom,
    /// The payment provider.
    PaymentProvider,
    /// The burst of the rate limit.
    RateLimitBurst,
    /// The sustained rate of the rate limit.
    RateLimitPerMinute,
    /// How long a refresh token is valid.
    RefreshTokenTtl,
    /// Whether search engines may list the web shop.
    Robots,
    /// The name of the shop.
    ShopName,
    /// The sentence on the web shop's home page.
    ShopTagline,
    /// The e-mail address at which customers reach the shop.
    SupportEmail,
    /// The time zone of dates in the web shop.
    TimeZone,
    /// The networks of the proxies whose `X-Forwarded-For` is trusted.
    TrustedProxies,
    /// The URL of the web shop, for links.
    WebUrl,
}

impl Setting {
    /// Returns the name of the environment variable.
    #[must_use]
    pub const fn env(self) -> &'static str {
        match self {
            Self::AccentHue => "ACCENT_HUE",
            Self::AccessTokenTtl => "ACCESS_TOKEN_TTL",
            Self::AdminEmail => "ADMIN_EMAIL",
            Self::AdminRoutes => "ADMIN_ROUTES",
            Self::ApiUrl => "API_URL",
            Self::CorsOrigins => "CORS_ORIGINS",
            Self::Currency => "CURRENCY",
            Self::DocsRoutes => "DOCS_ROUTES",
            Self::GatewayInternalListen => "GATEWAY_INTERNAL_LISTEN",
            Self::ImageOrigins => "IMAGE_ORIGINS",
            Self::Locale => "LOCALE",
            Self::MailFrom => "MAIL_FROM",
            Self::PaymentProvider => "PAYMENT_PROVIDER",
            Self::RateLimitBurst => "RATE_LIMIT_BURST",
            Self::RateLimitPerMinute => "RATE_LIMIT_PER_MINUTE",
            Self::RefreshTokenTtl => "REFRESH_TOKEN_TTL",
            Self::Robots => "ROBOTS",
            Self::ShopName => "SHOP_NAME",
            Self::ShopTagline => "SHOP_TAGLINE",
            Self::SupportEmail => "SUPPORT_EMAIL",
            Self::TimeZone => "TIME_ZONE",
            Self::TrustedProxies => "TRUSTED_PROXIES",
            Self::WebUrl => "WEB_URL",
        }
    }
}

/// Returns the settings of a component whose values come from fields of the Storefront.
#[must_use]
pub const fn settings(component: Component) -> &'static [Setting] {
    match component {
        Component::User => {
            &[Setting::AccessTokenTtl, Setting::RefreshTokenTtl, Setting::AdminEmail]
        }
        Component::Catalog | Component::Cart | Component::Order | Component::Shipping => {
            &[Setting::Currency]
        }
        Component::Payment => &[Setting::Currency, Setting::PaymentProvider],
        Component::Notification => &[Setting::MailFrom, Setting::ShopName, Setting::WebUrl],
        Component::Gateway => &[
            Setting::AdminRoutes,
            Setting::ApiUrl,
            Setting::CorsOrigins,
            Setting::DocsRoutes,
            Setting::GatewayInternalListen,
            Setting::RateLimitPerMinute,
            Setting::RateLimitBurst,
            Setting::TrustedProxies,
        ],
        Component::Web => &[
            Setting::AccentHue,
            Setting::Currency,
            Setting::ImageOrigins,
            Setting::Locale,
            Setting::Robots,
            Setting::ShopName,
            Setting::ShopTagline,
            Setting::SupportEmail,
            Setting::TimeZone,
            Setting::TrustedProxies,
            Setting::WebUrl,
        ],
    }
}
