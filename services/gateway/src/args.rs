//! Settings of the gateway. Nothing else reads the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use kit::grpc::client::TargetUrl;
use kit::http::{Network, ServerLimits};
use kit::settings::{List, duration, duration_between};

use crate::layers::Origin;
use crate::route_exposure::RouteExposure;

/// Settings of the gateway.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Address that the API listens on.
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "[::]:8080")]
    pub gateway_listen: SocketAddr,

    /// Where the API reference (/docs, /openapi.json) is served: on the port of the API, on the
    /// internal port only, or nowhere.
    #[arg(long, env = "DOCS_ROUTES", value_enum, default_value_t = RouteExposure::Public)]
    pub docs_routes: RouteExposure,

    /// Where the routes of administrators (/api/v1/admin) are served, as for DOCS_ROUTES.
    #[arg(long, env = "ADMIN_ROUTES", value_enum, default_value_t = RouteExposure::Public)]
    pub admin_routes: RouteExposure,

    /// Address of the internal port. It serves the whole API, including what the port of the API
    /// does not serve. It is open only if DOCS_ROUTES or ADMIN_ROUTES is internal.
    #[arg(long, env = "GATEWAY_INTERNAL_LISTEN", default_value = "[::]:8081")]
    pub gateway_internal_listen: SocketAddr,

    /// URL of the catalog service.
    #[arg(long, env = "CATALOG_URL", default_value = "http://localhost:50052")]
    pub catalog_url: TargetUrl,

    /// URL of the user service.
    #[arg(long, env = "USER_URL", default_value = "http://localhost:50051")]
    pub user_url: TargetUrl,

    /// URL of the cart service.
    #[arg(long, env = "CART_URL", default_value = "http://localhost:50053")]
    pub cart_url: TargetUrl,

    /// URL of the order service.
    #[arg(long, env = "ORDER_URL", default_value = "http://localhost:50055")]
    pub order_url: TargetUrl,

    /// URL of the payment service.
    #[arg(long, env = "PAYMENT_URL", default_value = "http://localhost:50056")]
    pub payment_url: TargetUrl,

    /// URL of the notification service.
    #[arg(long, env = "NOTIFICATION_URL", default_value = "http://localhost:50057")]
    pub notification_url: TargetUrl,

    /// URL of the shipping service.
    #[arg(long, env = "SHIPPING_URL", default_value = "http://localhost:50058")]
    pub shipping_url: TargetUrl,

    /// Redis that stores the rate limits.
    #[command(flatten)]
    pub redis: kit::redis::Args,

    /// File with the public keys that verify access tokens: a JSON Web Key Set of Ed25519 keys,
    /// reloaded when it changes. Without it, no token is accepted.
    #[arg(long, env = "JWT_PUBLIC_KEYS")]
    pub jwt_public_keys: Option<PathBuf>,

    /// Issuer (`iss`) that access tokens must have.
    #[arg(long, env = "JWT_ISSUER", default_value = "storefront")]
    pub jwt_issuer: String,

    /// Audience (`aud`) that access tokens must have.
    #[arg(long, env = "JWT_AUDIENCE", default_value = "storefront")]
    pub jwt_audience: String,

    /// Requests per minute and client address; 0 disables the limit.
    #[arg(long, env = "RATE_LIMIT_PER_MINUTE", default_value_t = 100)]
    pub rate_limit_per_minute: u32,

    /// Burst of requests per client address; 0 disables the limit.
    #[arg(long, env = "RATE_LIMIT_BURST", default_value_t = 100)]
    pub rate_limit_burst: u32,

    /// Requests per minute and client address, and burst, to the routes that allow guessing
    /// passwords; a third of it for registrations, which reveal whether an address has an account.
    /// 0 disables the limit.
    #[arg(long, env = "SIGN_IN_LIMIT_PER_IP", default_value_t = 30)]
    pub sign_in_limit_per_ip: u32,

    /// Carts of guests that one client address may create per minute, and burst; 0 disables the
    /// limit.
    #[arg(long, env = "GUEST_CART_LIMIT_PER_IP", default_value_t = 20)]
    pub guest_cart_limit_per_ip: u32,

    /// Proxies whose X-Forwarded-For is trusted: CIDRs or addresses, separated by commas.
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: List<Network>,

    /// File with the key of a trusted proxy, such as the web shop: one key per line, two during a
    /// change of the key, each of 32 to 256 characters. Reloaded when it changes. A request with
    /// the key in X-Proxy-Key may name its client in X-Forwarded-For, with exactly one address.
    #[arg(long, env = "TRUSTED_PROXY_KEY_FILE")]
    pub trusted_proxy_key_file: Option<PathBuf>,

    /// Requests per minute and client address that arrive with the key of a trusted proxy, instead
    /// of RATE_LIMIT_PER_MINUTE: a page of the web shop makes several. 0 disables the limit.
    #[arg(long, env = "RATE_LIMIT_WEB_PER_MINUTE", default_value_t = 600)]
    pub rate_limit_web_per_minute: u32,

    /// Burst of such requests per client address; 0 disables the limit.
    #[arg(long, env = "RATE_LIMIT_WEB_BURST", default_value_t = 200)]
    pub rate_limit_web_burst: u32,

    /// Origins that may call the API from a browser, separated by commas; * allows any.
    #[arg(long, env = "CORS_ORIGINS", default_value = "http://localhost:3000")]
    pub cors_origins: List<Origin>,

    /// URL of the API for its clients. If it is https, every response has the header
    /// Strict-Transport-Security.
    #[arg(long, env = "API_URL", value_parser = Origin::parse_url)]
    pub api_url: Option<Origin>,

    /// Time that anonymous clients and proxies may cache responses of the catalog.
    #[arg(long, env = "CATALOG_MAX_AGE", value_parser = duration, default_value = "10s")]
    pub catalog_max_age: Duration,

    /// Memory of the cache of public catalog responses, in bytes; 0 disables the cache.
    #[arg(long, env = "CATALOG_CACHE_BYTES", default_value_t = 8 * 1024 * 1024,
        value_parser = RangedU64ValueParser::<u64>::new().range(0..=1024 * 1024 * 1024))]
    pub catalog_cache_bytes: u64,

    /// Maximum age of a cached catalog response. Changes of the catalog invalidate it immediately;
    /// this limit covers changes whose notification is lost. 0 disables the cache.
    #[arg(long, env = "CATALOG_CACHE_TTL", default_value = "5s",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(3600)))]
    pub catalog_cache_ttl: Duration,

    /// Deadline of a request; after it the response is 504.
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "20s",
        value_parser = duration_between(Duration::from_millis(100), Duration::from_secs(300)))]
    pub request_timeout: Duration,

    /// Maximum number of requests that are processed at the same time, of which one client gets a
    /// quarter. Four times as many may wait for their body, be processed or be sent. More are
    /// rejected with 503.
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256,
        value_parser = RangedU64ValueParser::<u64>::new().range(1..=100_000))]
    pub max_in_flight: u64,

    /// Memory for receiving and parsing request bodies, in bytes; requests that need more are
    /// rejected with 503. One client gets at most a quarter.
    #[arg(long, env = "MAX_BODY_MEMORY_BYTES", default_value_t = 8 * 1024 * 1024,
        value_parser = RangedU64ValueParser::<u64>::new().range(8 << 20..=1 << 30))]
    pub max_body_memory_bytes: u64,
}

impl Args {
    /// Limits of the HTTP servers. One client may have as many requests that wait for their body,
    /// are processed or are sent as all clients may have processed.
    pub(crate) fn server_limits(&self) -> ServerLimits {
        ServerLimits::with_max_requests(self.max_in_flight * 4)
    }

    /// Registrations per minute and client address, and burst; 0 disables the limit.
    pub(crate) fn register_limit_per_ip(&self) -> u32 {
        self.sign_in_limit_per_ip.div_ceil(3)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Args;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        args: Args,
    }

    fn parse(setting: &str) -> Result<Args, clap::Error> {
        Settings::try_parse_from(["gateway", setting]).map(|settings| settings.args)
    }

    #[test]
    fn invalid_settings_are_rejected() {
        for setting in [
            "--request-timeout=0",
            "--request-timeout=1h",
            "--max-in-flight=0",
            "--max-body-memory-bytes=1000000",
            "--redis-timeout=0",
            "--catalog-cache-bytes=8MiB",
            "--catalog-cache-ttl=2h",
            "--trusted-proxies=proxy",
            "--cors-origins=localhost",
            "--docs-routes=private",
            "--admin-routes=",
            "--api-url=*",
            "--api-url=api.example.com",
        ] {
            assert!(parse(setting).is_err(), "{setting}");
        }
    }

    #[test]
    fn lists_accept_blanks_and_may_be_empty() {
        for (setting, proxies) in [
            ("--trusted-proxies=", 0),
            ("--trusted-proxies=10.0.0.1", 1),
            ("--trusted-proxies= 10.0.0.0/8, fd00::/8 ,", 2),
        ] {
            assert_eq!(parse(setting).expect(setting).trusted_proxies.len(), proxies, "{setting}");
        }
        for (setting, origins) in [
            ("--cors-origins=", 0),
            ("--cors-origins=https://a.example, https://b.example", 2),
            ("--catalog-max-age=0", 1),
        ] {
            assert_eq!(parse(setting).expect(setting).cors_origins.len(), origins, "{setting}");
        }
    }
}
