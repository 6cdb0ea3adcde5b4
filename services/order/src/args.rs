//! Settings of the order service.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as ClapArgs;
use kit::grpc::client::TargetUrl;
use kit::settings::duration_between;
use money::Currency;

use crate::transactions::LEASE;

/// Upper limit of the setting `checkout_call_timeout`.
const MAX_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Time that an executor needs in addition to the call, for two short transactions. If a lease
/// expired before its call returned, two executors would send the same call at the same time. That
/// is harmless, but not intended.
const RECORD_OUTCOME_TIME: Duration = Duration::from_secs(5);

const _: () =
    assert!(MAX_CALL_TIMEOUT.as_secs() + RECORD_OUTCOME_TIME.as_secs() <= LEASE.as_secs());

/// Settings of the order service. Each has an environment name and a default that fits a laptop.
///
/// There is no setting for the sender's address: quotes and shipments are requested without a
/// sender, and `shipping` then uses the shop's own address.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "order-listen", env = "ORDER_LISTEN", default_value = "[::]:50055")]
    pub listen: SocketAddr,

    /// Connection to the database.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// The audit log.
    #[command(flatten)]
    pub audit: audit::Args,

    /// URL of the user service.
    #[arg(long, env = "USER_URL", default_value = "http://localhost:50051")]
    pub user_url: TargetUrl,

    /// URL of the catalog service.
    #[arg(long, env = "CATALOG_URL", default_value = "http://localhost:50052")]
    pub catalog_url: TargetUrl,

    /// URL of the cart service.
    #[arg(long, env = "CART_URL", default_value = "http://localhost:50053")]
    pub cart_url: TargetUrl,

    /// URL of the payment service.
    #[arg(long, env = "PAYMENT_URL", default_value = "http://localhost:50056")]
    pub payment_url: TargetUrl,

    /// URL of the notification service.
    #[arg(long, env = "NOTIFICATION_URL", default_value = "http://localhost:50057")]
    pub notification_url: TargetUrl,

    /// URL of the shipping service.
    #[arg(long, env = "SHIPPING_URL", default_value = "http://localhost:50058")]
    pub shipping_url: TargetUrl,

    /// Currency of every price of the shop, as an ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Tax on the ordered items, in basis points: 825 is 8.25 %.
    #[arg(
        long,
        env = "TAX_BASIS_POINTS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000),
    )]
    pub tax_basis_points: u32,

    /// How long a request waits for its checkout to end; after that it continues in the background.
    #[arg(
        long,
        env = "CHECKOUT_WAIT",
        default_value = "10s",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(25)),
    )]
    pub checkout_wait: Duration,

    /// How long a checkout step before the capture is retried; after that the checkout is
    /// compensated.
    #[arg(
        long,
        env = "CHECKOUT_STEP_DEADLINE",
        default_value = "120s",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(240)),
    )]
    pub checkout_step_deadline: Duration,

    /// Timeout of one call of a checkout step to another service.
    #[arg(
        long,
        env = "CHECKOUT_CALL_TIMEOUT",
        default_value = "5s",
        value_parser = duration_between(Duration::from_millis(100), MAX_CALL_TIMEOUT),
    )]
    pub checkout_call_timeout: Duration,
}
