//! The settings of the user service.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args as ClapArgs;
use kit::{grpc::client::TargetUrl, settings::duration_between};
use secrecy::SecretString;

/// The settings of the user service. Each has an environment name and a default fit for a laptop.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "user-listen", env = "USER_LISTEN", default_value = "0.0.0.0:50051")]
    pub listen: SocketAddr,

    /// Where and how the database is reached.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// Where the notification service is.
    #[arg(long, env = "NOTIFICATION_URL", default_value = "http://localhost:50057")]
    pub notification_url: TargetUrl,

    /// The private keys that access tokens are signed with: a file with a JSON Web Key Set of Ed25519
    /// keys, read again when it changes. The first one signs. Without it nobody can sign in.
    #[arg(long, env = "JWT_SIGNING_KEYS")]
    pub jwt_signing_keys: Option<PathBuf>,

    /// The issuer that access tokens name.
    #[arg(long, env = "JWT_ISSUER", default_value = "storefront")]
    pub jwt_issuer: String,

    /// The audience that access tokens name.
    #[arg(long, env = "JWT_AUDIENCE", default_value = "storefront")]
    pub jwt_audience: String,

    /// How long an access token is good.
    #[arg(
        long,
        env = "ACCESS_TOKEN_TTL",
        default_value = "15m",
        value_parser = duration_between(Duration::from_secs(60), Duration::from_secs(86400)),
    )]
    pub access_token_ttl: Duration,

    /// How long a refresh token is good; each use gives a new one.
    #[arg(
        long,
        env = "REFRESH_TOKEN_TTL",
        default_value = "168h",
        value_parser = duration_between(Duration::from_secs(300), Duration::from_secs(31536000)),
    )]
    pub refresh_token_ttl: Duration,

    /// How long a used refresh token still gets a successor, for lost answers and second tabs; 0 is
    /// strict.
    #[arg(
        long,
        env = "REFRESH_TOKEN_GRACE",
        default_value = "10s",
        value_parser = duration_between(Duration::from_secs(0), Duration::from_secs(300)),
    )]
    pub refresh_token_grace: Duration,

    /// The cost of bcrypt for passwords: each step doubles the time of a sign-in.
    #[arg(long, env = "BCRYPT_COST", default_value_t = 12,
        value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,

    /// E-mail address of the first administrator, who is made at start if there is no such account.
    #[arg(long, env = "ADMIN_EMAIL")]
    pub admin_email: Option<String>,

    /// The first administrator's password.
    #[arg(long, env = "ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<SecretString>,

    /// File with that password; wins over ADMIN_PASSWORD.
    #[arg(long, env = "ADMIN_PASSWORD_FILE")]
    pub admin_password_file: Option<PathBuf>,
}
