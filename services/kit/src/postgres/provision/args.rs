//! The settings of provisioning.

use super::identity::{DatabaseIdentity, TakeOver};
use super::ownership::{Claim, ServerUse};
use super::target::{Target, password_verifier};
use crate::postgres::connect::{complete, parse};
use crate::{Error, secret};
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the role and the database to provision, and of the administrator's connection.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ProvisionArgs {
    /// Database and role to create, as the service connects: postgres://role@host:5432/name
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// File with the URL; takes precedence over DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,

    /// Password to set for the role
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    pub database_password: Option<SecretString>,

    /// File with the role's password; takes precedence over DATABASE_PASSWORD
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,

    /// PEM file with the CA certificates that may sign the server's certificate
    #[arg(long, env = "DATABASE_CA_FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// The administrator's connection, such as postgres://postgres:password@host:5432/postgres
    #[arg(long, env = "ADMIN_DATABASE_URL", hide_env_values = true)]
    pub admin_database_url: Option<SecretString>,

    /// File with the administrator's connection; takes precedence over ADMIN_DATABASE_URL
    #[arg(long, env = "ADMIN_DATABASE_URL_FILE")]
    pub admin_database_url_file: Option<PathBuf>,

    /// The administrator's role, for a URL without one
    #[arg(long, env = "ADMIN_DATABASE_USER")]
    pub admin_database_user: Option<String>,

    /// The administrator's password, for a URL without one
    #[arg(long, env = "ADMIN_DATABASE_PASSWORD", hide_env_values = true)]
    pub admin_database_password: Option<SecretString>,

    /// File with the administrator's password; takes precedence over ADMIN_DATABASE_PASSWORD
    #[arg(long, env = "ADMIN_DATABASE_PASSWORD_FILE")]
    pub admin_database_password_file: Option<PathBuf>,

    /// Who uses the server: with `shared`, a role and a database that exist are used only if they
    /// have this DATABASE_IDENTITY, or no identity and this password
    #[arg(long, env = "DATABASE_SERVER_USE", value_enum, default_value_t)]
    pub database_server_use: ServerUse,

    /// Owner of the database, stored in its comment: cluster/namespace/name
    #[arg(long, env = "DATABASE_IDENTITY")]
    pub database_identity: Option<DatabaseIdentity>,

    /// Owner whose databases are taken over on a shared server, or `none` for databases without an
    /// identity
    #[arg(long, env = "DATABASE_TAKE_OVER")]
    pub database_take_over: Option<TakeOver>,

    /// Longest wait until PostgreSQL accepts the administrator; after that the Job is retried
    #[arg(long, env = "DATABASE_WAIT", default_value = "20s",
        value_parser = crate::settings::duration)]
    pub database_wait: Duration,
}

impl ProvisionArgs {
    /// The role and database to create.
    pub(super) fn target(&self) -> Result<Target, Error> {
        let (value, file) = (self.database_url.as_ref(), self.database_url_file.as_deref());
        let url = secret::require("DATABASE_URL", value, file)?;
        let options = parse("DATABASE_URL", &url)?.application_name("provision");
        let database = options.get_database().map(str::to_owned);
        let database = database.ok_or_else(|| Error::Setting {
            name: "DATABASE_URL",
            reason: "contains no database name".to_owned(),
        })?;
        let (value, file) =
            (self.database_password.as_ref(), self.database_password_file.as_deref());
        let password = secret::require("DATABASE_PASSWORD", value, file)?;
        let role = options.get_username().to_owned();
        let options = complete(options, Some(&password), self.database_ca_file.as_deref());
        let verifier = password_verifier(&password)?;
        Ok(Target { role, database, verifier, options })
    }

    /// The caller's claim to the role and the database.
    pub(super) fn claim(&self) -> Claim {
        Claim {
            server_use: self.database_server_use,
            identity: self.database_identity.clone(),
            take_over: self.database_take_over.clone(),
        }
    }

    /// The connection options of the administrator.
    pub(super) fn admin(&self) -> Result<PgConnectOptions, Error> {
        let (value, file) =
            (self.admin_database_url.as_ref(), self.admin_database_url_file.as_deref());
        let url = secret::require("ADMIN_DATABASE_URL", value, file)?;
        let options = parse("ADMIN_DATABASE_URL", &url)?.application_name("provision");
        let options = match &self.admin_database_user {
            Some(user) => options.username(user),
            None => options,
        };
        let (value, file) =
            (self.admin_database_password.as_ref(), self.admin_database_password_file.as_deref());
        let password = secret::read("ADMIN_DATABASE_PASSWORD", value, file)?;
        Ok(complete(options, password.as_ref(), self.database_ca_file.as_deref()))
    }
}
