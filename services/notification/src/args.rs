//! The settings of the notification service.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, ValueEnum};
use kit::settings::duration_between;
use secrecy::SecretString;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// Not at all: for servers in the same cluster and for trying out.
    None,
    /// By STARTTLS, which the server must offer.
    Starttls,
    /// From the first byte.
    Tls,
}

/// The settings of the notification service. Each has an environment name and a default fit for a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(
        long = "notification-listen",
        env = "NOTIFICATION_LISTEN",
        default_value = "0.0.0.0:50057"
    )]
    pub listen: SocketAddr,

    /// Where and how the database is reached.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Host of the mail server.
    #[arg(long, env = "SMTP_HOST", default_value = "localhost")]
    pub smtp_host: String,

    /// Port of the mail server.
    #[arg(long, env = "SMTP_PORT", default_value_t = 1025)]
    pub smtp_port: u16,

    /// How the connection to it is protected.
    #[arg(long, env = "SMTP_TLS", value_enum, default_value = "none")]
    pub smtp_tls: SmtpTls,

    /// File with the certificates, in PEM, that the server's has to be signed by; without it, those of
    /// public authorities.
    #[arg(long, env = "SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,

    /// Name to sign in with; without one nobody signs in.
    #[arg(long, env = "SMTP_USERNAME")]
    pub smtp_username: Option<String>,

    /// Password to sign in with.
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<SecretString>,

    /// File with that password; wins over SMTP_PASSWORD.
    #[arg(long, env = "SMTP_PASSWORD_FILE")]
    pub smtp_password_file: Option<PathBuf>,

    /// The sender of every mail.
    #[arg(long, env = "MAIL_FROM", default_value = "Storefront <shop@localhost>")]
    pub mail_from: String,

    /// Where people find the web shop; links in mails begin with it.
    #[arg(long, env = "WEB_URL", default_value = "http://localhost:3000")]
    pub web_url: String,

    /// Attempts to deliver a mail before it fails and waits for an administrator; with 20 that is
    /// after about six hours.
    #[arg(long, env = "MAIL_MAX_ATTEMPTS", default_value_t = 20,
        value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub mail_max_attempts: i32,

    /// How often mails are looked for that are due.
    #[arg(
        long,
        env = "MAIL_POLL_INTERVAL",
        default_value = "1s",
        value_parser = duration_between(Duration::from_millis(10), Duration::from_secs(60)),
    )]
    pub mail_poll_interval: Duration,

    /// How long a mail is remembered that was sent or has failed. After that administrators do not
    /// see it, and a repeat of its key makes another mail.
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
