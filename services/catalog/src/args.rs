//! The settings of the catalog.

use std::{net::SocketAddr, time::Duration};

use clap::Args as ClapArgs;
use kit::settings::duration_between;
use money::Currency;

/// The settings of the catalog. Each has an environment name and a default fit for a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "catalog-listen", env = "CATALOG_LISTEN", default_value = "0.0.0.0:50052")]
    pub listen: SocketAddr,

    /// Where and how the database is reached.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Currency of every price of the shop, by its ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// How long stock is put aside for an order that does not say how long.
    #[arg(
        long,
        env = "RESERVATION_TTL",
        default_value = "15m",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(24 * 3600)),
    )]
    pub reservation_ttl: Duration,

    /// How often reservations are looked for whose time ran out.
    #[arg(
        long,
        env = "RESERVATION_SWEEP_INTERVAL",
        default_value = "5s",
        value_parser = duration_between(Duration::from_millis(100), Duration::from_secs(3600)),
    )]
    pub reservation_sweep_interval: Duration,
}
