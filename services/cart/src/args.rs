//! Settings of the cart service.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use kit::grpc::client::TargetUrl;
use kit::settings::duration_between;
use money::Currency;

/// Settings of the cart service. Each has an environment name and a default for local development.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "cart-listen", env = "CART_LISTEN", default_value = "[::]:50053")]
    pub listen: SocketAddr,

    /// Connection to Redis, which stores the carts.
    #[command(flatten)]
    pub redis: kit::redis::Args,

    /// URL of the catalog service.
    #[arg(long, env = "CATALOG_URL", default_value = "http://localhost:50052")]
    pub catalog_url: TargetUrl,

    /// Currency of every amount of the shop, as an ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Time after its last change at which a cart expires.
    #[arg(
        long,
        env = "CART_TTL",
        default_value = "168h",
        value_parser = duration_between(Duration::from_secs(60), Duration::from_secs(31536000)),
    )]
    pub cart_ttl: Duration,

    /// Time after its last change at which the cart of a guest expires.
    #[arg(
        long,
        env = "GUEST_CART_TTL",
        default_value = "48h",
        value_parser = duration_between(Duration::from_secs(60), Duration::from_secs(31536000)),
    )]
    pub guest_cart_ttl: Duration,
}
