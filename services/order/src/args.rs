//! The settings of orders.

use std::{net::SocketAddr, time::Duration};

use clap::Args as ClapArgs;
use kit::{grpc::client::TargetUrl, settings::duration_between};
use money::Currency;

use crate::transactions::LEASE;

/// The longest a step may be told to wait for another service.
const MAX_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What a driver needs beside the call: two short transactions. A lease that ends before its call would
/// let two drivers ask for the same at the same time, which is harmless but never meant.
const SETTLE_TIME: Duration = Duration::from_secs(5);

const _: () = assert!(MAX_CALL_TIMEOUT.as_secs() + SETTLE_TIME.as_secs() <= LEASE.as_secs());

/// The settings of orders. Each has an environment name and a default fit for a laptop.
///
/// Where parcels start is not among them: quotes and parcels are asked for without a sender, which
/// `shipping` takes for the shop itself.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "order-listen", env = "ORDER_LISTEN", default_value = "0.0.0.0:50055")]
    pub listen: SocketAddr,

    /// Where and how the database is reached.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Where users are known.
    #[arg(long, env = "USER_URL", default_value = "http://localhost:50051")]
    pub user_url: TargetUrl,

    /// Where products and stock are.
    #[arg(long, env = "CATALOG_URL", default_value = "http://localhost:50052")]
    pub catalog_url: TargetUrl,

    /// Where carts are.
    #[arg(long, env = "CART_URL", default_value = "http://localhost:50053")]
    pub cart_url: TargetUrl,

    /// Where money is moved.
    #[arg(long, env = "PAYMENT_URL", default_value = "http://localhost:50056")]
    pub payment_url: TargetUrl,

    /// Where mails are sent.
    #[arg(long, env = "NOTIFICATION_URL", default_value = "http://localhost:50057")]
    pub notification_url: TargetUrl,

    /// Where parcels are sent.
    #[arg(long, env = "SHIPPING_URL", default_value = "http://localhost:50058")]
    pub shipping_url: TargetUrl,

    /// Currency of every price of the shop, by its ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Tax on what is ordered, in basis points: 825 is 8.25 %.
    #[arg(
        long,
        env = "TAX_BASIS_POINTS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000),
    )]
    pub tax_basis_points: u32,

    /// How long a request waits for the end of its checkout; the rest goes on in the background.
    #[arg(
        long,
        env = "CHECKOUT_WAIT",
        default_value = "10s",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(25)),
    )]
    pub checkout_wait: Duration,

    /// How long a step of a checkout is tried before the money is taken; then all is undone.
    #[arg(
        long,
        env = "CHECKOUT_STEP_DEADLINE",
        default_value = "120s",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(240)),
    )]
    pub checkout_step_deadline: Duration,

    /// How long one try of a step waits for another service.
    #[arg(
        long,
        env = "CHECKOUT_CALL_TIMEOUT",
        default_value = "5s",
        value_parser = duration_between(Duration::from_millis(100), MAX_CALL_TIMEOUT),
    )]
    pub checkout_call_timeout: Duration,
}
