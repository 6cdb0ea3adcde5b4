//! The settings of the notification service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};
use kit::settings::duration_between;
use secrecy::SecretString;

/// Encryption of the connection to the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// No encryption: for servers in the same cluster and for development.
    None,
    /// STARTTLS, which the server must offer.
    Starttls,
    /// Implicit TLS: encrypted from the first byte.
    Tls,
}

/// The settings of the notification service. Each has an environment name and a default for
/// development.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "notification-listen", env = "NOTIFICATION_LISTEN", default_value = "[::]:50057")]
    pub listen: SocketAddr,

    /// Connection to the database.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// The audit log.
    #[command(flatten)]
    pub audit: audit::Args,

    /// Host of the mail server.
    #[arg(long, env = "SMTP_HOST", default_value = "localhost")]
    pub smtp_host: String,

    /// Port of the mail server.
    #[arg(long, env = "SMTP_PORT", default_value_t = 1025)]
    pub smtp_port: u16,

    /// Encryption of the connection to the mail server.
    #[arg(long, env = "SMTP_TLS", value_enum, default_value = "none")]
    pub smtp_tls: SmtpTls,

    /// File with the PEM certificates of the authorities that may sign the mail server's
    /// certificate; without it, those of public authorities.
    #[arg(long, env = "SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,

    /// Username for the mail server; without one, the service does not authenticate.
    #[arg(long, env = "SMTP_USERNAME")]
    pub smtp_username: Option<String>,

    /// Password for the mail server.
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<SecretString>,

    /// File with the password for the mail server; takes precedence over SMTP_PASSWORD.
    #[arg(long, env = "SMTP_PASSWORD_FILE")]
    pub smtp_password_file: Option<PathBuf>,

    /// Sender of every mail.
    #[arg(long, env = "MAIL_FROM", default_value = "Storefront <shop@localhost>")]
    pub mail_from: String,

    /// Name of the shop in mails. Without it, the name of the sender.
    #[arg(long, env = "SHOP_NAME")]
    pub shop_name: Option<String>,

    /// URL of the web shop; links in mails begin with it. Without it, links begin with
    /// http://localhost:3000, and mails have no links that verify an address or show an order.
    #[arg(long, env = "WEB_URL")]
    pub web_url: Option<String>,

    /// Maximum number of delivery attempts. Then the mail fails and waits for an administrator;
    /// with 20, that is after about six hours.
    #[arg(long, env = "MAIL_MAX_ATTEMPTS", default_value_t = 20,
        value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub mail_max_attempts: i32,

    /// How often the service polls the queue for mails that are due.
    #[arg(
        long,
        env = "MAIL_POLL_INTERVAL",
        default_value = "1s",
        value_parser = duration_between(Duration::from_millis(10), Duration::from_secs(60)),
    )]
    pub mail_poll_interval: Duration,

    /// How long a sent or failed mail is stored. After that, administrators no longer see it, and a
    /// request with the same idempotency key sends another mail.
    #[arg(
        long,
        env = "MAIL_RETENTION",
        default_value = "90d",
        value_parser = duration_between(
            Duration::from_secs(86_400),
            Duration::from_secs(3650 * 86_400),
        ),
    )]
    pub mail_retention: Duration,
}
