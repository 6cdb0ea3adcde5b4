//! The settings of the payment service.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, ValueEnum};
use kit::settings::duration_between;
use money::Currency;
use secrecy::SecretString;

/// Who moves the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderKind {
    /// A deterministic provider for trying out and for tests: no money moves.
    Simulator,
}

/// The settings of the payment service. Each has an environment name and a default fit for a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "payment-listen", env = "PAYMENT_LISTEN", default_value = "0.0.0.0:50056")]
    pub listen: SocketAddr,

    /// Where and how the database is reached.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Currency of every amount of the shop, by its ISO 4217 code.
    #[arg(long, env = "CURRENCY", default_value = "USD")]
    pub currency: Currency,

    /// Who moves the money.
    #[arg(long, env = "PAYMENT_PROVIDER", value_enum, default_value = "simulator")]
    pub payment_provider: ProviderKind,

    /// Secret that fingerprints of requests are made with. Without it each process makes one up, and
    /// repeats that reach another process are taken for other requests.
    #[arg(long, env = "FINGERPRINT_KEY", hide_env_values = true)]
    pub fingerprint_key: Option<SecretString>,

    /// File with that secret; wins over FINGERPRINT_KEY.
    #[arg(long, env = "FINGERPRINT_KEY_FILE")]
    pub fingerprint_key_file: Option<PathBuf>,

    /// How long the simulator takes for an answer.
    #[arg(
        long,
        env = "SIMULATOR_LATENCY",
        default_value = "0",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(60)),
    )]
    pub simulator_latency: Duration,

    /// How long the simulator takes for an answer that the method pm_test_timeout makes late.
    #[arg(
        long,
        env = "SIMULATOR_LATE_ANSWER",
        default_value = "30s",
        value_parser = duration_between(Duration::ZERO, Duration::from_secs(600)),
    )]
    pub simulator_late_answer: Duration,

    /// How long an authorisation can be captured.
    #[arg(
        long,
        env = "AUTHORIZATION_TTL",
        default_value = "7d",
        value_parser = duration_between(Duration::from_secs(1), Duration::from_secs(2592000)),
    )]
    pub authorization_ttl: Duration,
}
