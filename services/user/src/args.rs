//! The settings of the user service.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use kit::grpc::client::TargetUrl;
use kit::settings::duration_between;
use secrecy::SecretString;

/// The settings of the user service. Each has an environment name and a default for development.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// Address on which gRPC is served.
    #[arg(long = "user-listen", env = "USER_LISTEN", default_value = "[::]:50051")]
    pub listen: SocketAddr,

    /// Connection to the database.
    #[command(flatten)]
    pub database: kit::postgres::Args,

    /// The audit log.
    #[command(flatten)]
    pub audit: audit::Args,

    /// URL of the notification service.
    #[arg(long, env = "NOTIFICATION_URL", default_value = "http://localhost:50057")]
    pub notification_url: TargetUrl,

    /// File with the private keys that sign access tokens: a JSON Web Key Set of Ed25519 keys. The
    /// first key signs. The file is reloaded when it changes. Without it, sign-in is disabled.
    #[arg(long, env = "JWT_SIGNING_KEYS")]
    pub jwt_signing_keys: Option<PathBuf>,

    /// Issuer (`iss`) of access tokens.
    #[arg(long, env = "JWT_ISSUER", default_value = "storefront")]
    pub jwt_issuer: String,

    /// Audience (`aud`) of access tokens.
    #[arg(long, env = "JWT_AUDIENCE", default_value = "storefront")]
    pub jwt_audience: String,

    /// Lifetime of an access token.
    #[arg(
        long,
        env = "ACCESS_TOKEN_TTL",
        default_value = "15m",
        value_parser = duration_between(Duration::from_secs(60), Duration::from_secs(86400)),
    )]
    pub access_token_ttl: Duration,

    /// Lifetime of a refresh token. Each refresh issues a new token.
    #[arg(
        long,
        env = "REFRESH_TOKEN_TTL",
        default_value = "168h",
        value_parser = duration_between(Duration::from_secs(300), Duration::from_secs(31536000)),
    )]
    pub refresh_token_ttl: Duration,

    /// How long a used refresh token can be used again, to tolerate lost responses and concurrent
    /// requests; 0 disables the grace period.
    #[arg(
        long,
        env = "REFRESH_TOKEN_GRACE",
        default_value = "10s",
        value_parser = duration_between(Duration::from_secs(0), Duration::from_secs(300)),
    )]
    pub refresh_token_grace: Duration,

    /// Longest time from a sign-in to the end of its session, however often it is refreshed.
    #[arg(
        long,
        env = "SESSION_MAX_AGE",
        default_value = "720h",
        value_parser = duration_between(Duration::from_secs(300), Duration::from_secs(31536000)),
    )]
    pub session_max_age: Duration,

    /// Longest time from a sign-in of an administrator to the end of the session.
    #[arg(
        long,
        env = "ADMIN_SESSION_MAX_AGE",
        default_value = "12h",
        value_parser = duration_between(Duration::from_secs(300), Duration::from_secs(31536000)),
    )]
    pub admin_session_max_age: Duration,

    /// bcrypt cost of passwords. Each increment doubles the time that a sign-in takes.
    #[arg(long, env = "BCRYPT_COST", default_value_t = 12,
        value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,

    /// E-mail address of the first administrator, created at startup if no account has the address.
    #[arg(long, env = "ADMIN_EMAIL")]
    pub admin_email: Option<String>,

    /// Password of the first administrator.
    #[arg(long, env = "ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<SecretString>,

    /// File with the password of the first administrator; takes precedence over ADMIN_PASSWORD.
    #[arg(long, env = "ADMIN_PASSWORD_FILE")]
    pub admin_password_file: Option<PathBuf>,
}
