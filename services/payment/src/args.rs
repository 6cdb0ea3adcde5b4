//! Settings of the payment service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};
use kit::settings::duration_between;
use money::Currency;
use secrecy::SecretString;

/// Payment provider that executes transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderKind {
    /// Deterministic simulator for trials and tests: no money moves.
    Simulator,
}

/// Settings of the payment service. Each has an environment name and a default for local
/// development.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "payment-listen", env = "PAYMENT_LISTEN", default_value = "[::]:50056")]
    pub listen: SocketAddr,

    /// Connection to the database.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Currency of every amount of the shop, as an ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Payment provider that executes transactions.
    #[arg(long, env = "PAYMENT_PROVIDER", value_enum, default_value = "simulator")]
    pub payment_provider: ProviderKind,

    /// Secret key of the fingerprints of requests. Without it each process generates its own, and
    /// retries that reach another process are rejected as different requests.
    #[arg(long, env = "FINGERPRINT_KEY", hide_env_values = true)]
    pub fingerprint_key: Option<SecretString>,

    /// File with the secret key; takes precedence over FINGERPRINT_KEY.
    #[arg(long, env = "FINGERPRINT_KEY_FILE")]
    pub fingerprint_key_file: Option<PathBuf>,

    /// Time that the simulator takes to respond.
    #[arg(
        long,
        env = "SIMULATOR_LATENCY",
        default_value = "0",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(60)),
    )]
    pub simulator_latency: Duration,

    /// Time that the simulator takes to respond to the test method pm_test_timeout.
    #[arg(
        long,
        env = "SIMULATOR_LATE_ANSWER",
        default_value = "30s",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(600)),
    )]
    pub simulator_late_answer: Duration,

    /// Time within which an authorization can be captured.
    #[arg(
        long,
        env = "AUTHORIZATION_TTL",
        default_value = "7d",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(2592000)),
    )]
    pub authorization_ttl: Duration,
}
