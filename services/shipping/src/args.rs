//! Settings of the shipping service.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use clap::builder::BoolishValueParser;
use clap::value_parser;
use kit::settings::duration_between;
use money::{Currency, PriceLevel};

/// Settings of the shipping service. Each has an environment name and a default for local
/// development.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "shipping-listen", env = "SHIPPING_LISTEN", default_value = "[::]:50058")]
    pub listen: SocketAddr,

    /// Connection to the database.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Currency of every amount of the shop, as an ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Price of shipping: minor units of the currency that replace 100 US cents of the price list.
    /// Without it, the built-in level of the currency applies, or 100.
    #[arg(
        long,
        env = "SHIPPING_PRICE_PERCENT",
        value_parser = value_parser!(u32).range(1..=i64::from(PriceLevel::MAX.percent())),
    )]
    pub shipping_price_percent: Option<u32>,

    /// Simulates the carrier: shipments advance automatically, for trials and tests.
    #[arg(long, env = "SIMULATE_CARRIER", value_parser = BoolishValueParser::new())]
    pub simulate_carrier: bool,

    /// Time that a shipment of the simulated carrier stays in each status.
    #[arg(
        long,
        env = "CARRIER_STEP_INTERVAL",
        default_value = "30s",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(86400)),
    )]
    pub carrier_step_interval: Duration,
}
