//! The settings of the catalog.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use kit::settings::duration_between;
use money::Currency;

/// The settings of the catalog. Each has an environment name and a default for a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "catalog-listen", env = "CATALOG_LISTEN", default_value = "[::]:50052")]
    pub listen: SocketAddr,

    /// The database connection.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// The audit log.
    #[command(flatten)]
    pub audit: audit::Args,

    /// Currency of all prices of the shop, an ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Lifetime of a reservation whose request has none.
    #[arg(
        long,
        env = "RESERVATION_TTL",
        default_value = "15m",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(24 * 3600)),
    )]
    pub reservation_ttl: Duration,

    /// Interval at which expired reservations are swept.
    #[arg(
        long,
        env = "RESERVATION_SWEEP_INTERVAL",
        default_value = "5s",
        value_parser = duration_between(Duration::from_millis(100), Duration::from_secs(3600)),
    )]
    pub reservation_sweep_interval: Duration,
}
