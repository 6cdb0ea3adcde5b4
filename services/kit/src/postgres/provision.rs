//! Provisioning of a service's role and database, with the administrator's password, which no
//! service gets.

use super::connect::{complete, parse};
use super::migrate::connect_with_retry;
use crate::{Error, secret};
use postgres_protocol::password::scram_sha_256;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar};
use std::path::PathBuf;
use std::time::Duration;

/// Longest name that PostgreSQL does not truncate.
const MAX_NAME_BYTES: usize = 63;

/// Key of the advisory lock for creating roles and databases, because Jobs of several services run
/// concurrently. Any constant number works.
const LOCK_KEY: i64 = 0x73746f72_65667274;

/// Handling of a role that already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingRole {
    /// Set its password: the caller owns the role.
    SetPassword,
    /// Keep it unchanged and verify that its password is the given one.
    Keep,
}

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

    /// Longest wait until PostgreSQL accepts the administrator; after that the Job is retried
    #[arg(long, env = "DATABASE_WAIT", default_value = "20s",
        value_parser = crate::settings::duration)]
    pub database_wait: Duration,
}

impl ProvisionArgs {
    /// The role and database to create.
    fn target(&self) -> Result<Target, Error> {
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

    /// The connection options of the administrator.
    fn admin(&self) -> Result<PgConnectOptions, Error> {
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

/// A role, its database, its password verifier, and the connection options of the role.
struct Target {
    role: String,
    database: String,
    verifier: String,
    options: PgConnectOptions,
}

/// Creates the role and its database if they do not exist. Idempotent: an existing role and
/// database stay, except for the password, which `existing` decides.
///
/// # Errors
/// When a setting is invalid, PostgreSQL is unavailable for too long, or the administrator lacks a
/// privilege; and [`Error::RoleTaken`].
pub async fn provision(args: &ProvisionArgs, existing: ExistingRole) -> Result<(), Error> {
    let options = args.admin()?;
    let target = args.target()?;
    let role = quoted(&target.role)?;
    let database = quoted(&target.database)?;

    let mut admin = connect_with_retry(&options, args.database_wait)
        .await
        .map_err(failed("connect as the administrator"))?;
    query("SELECT pg_advisory_lock($1)")
        .bind(LOCK_KEY)
        .execute(&mut admin)
        .await
        .map_err(failed("acquire the provisioning lock"))?;
    ensure_role(&mut admin, &target, &role, existing).await?;
    ensure_database(&mut admin, &target.database, &database, &role).await?;
    // Closing the connection releases the lock.
    admin.close().await.map_err(failed("close the administrator's connection"))
}

async fn ensure_role(
    admin: &mut PgConnection,
    target: &Target,
    role: &str,
    existing: ExistingRole,
) -> Result<(), Error> {
    let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(&target.role)
        .fetch_one(&mut *admin)
        .await
        .map_err(failed("read the role"))?;
    if exists && existing == ExistingRole::Keep {
        return verify_password(target).await;
    }
    let verb = if exists { "ALTER" } else { "CREATE" };
    // A verifier is base64 with fixed separators, so it needs no quoting.
    let verifier = &target.verifier;
    run(admin, format!("{verb} ROLE {role} LOGIN PASSWORD '{verifier}'"), "set the role").await
}

/// Verifies that the role has the given password.
async fn verify_password(target: &Target) -> Result<(), Error> {
    let error = match connect_with_retry(&target.options, Duration::ZERO).await {
        Ok(connection) => {
            return connection.close().await.map_err(failed("close the role's connection"));
        }
        Err(error) => error,
    };
    match error.as_database_error().and_then(|error| error.code()).as_deref() {
        // The password is right, and the database does not exist yet.
        Some("3D000") => Ok(()),
        // invalid_authorization_specification, invalid_password
        Some("28000" | "28P01") => Err(Error::RoleTaken { role: target.role.clone() }),
        _ => Err(failed("connect as the role")(error)),
    }
}

async fn ensure_database(
    admin: &mut PgConnection,
    name: &str,
    database: &str,
    role: &str,
) -> Result<(), Error> {
    let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(&mut *admin)
        .await
        .map_err(failed("read the database"))?;
    if !exists {
        // An administrator who is not a superuser must be a member of the role to make it an owner.
        let grant = format!("GRANT {role} TO CURRENT_USER");
        run(admin, grant, "grant membership in the role").await?;
        let create =
            format!("CREATE DATABASE {database} OWNER {role} ENCODING 'UTF8' TEMPLATE template0");
        run(admin, create, "create the database").await?;
    }
    // Services share a server, but not their databases.
    let revoke = format!("REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC");
    run(admin, revoke, "revoke public access to the database").await
}

async fn run(admin: &mut PgConnection, statement: String, step: &'static str) -> Result<(), Error> {
    let statement = query(AssertSqlSafe(statement));
    statement.execute(admin).await.map(drop).map_err(failed(step))
}

fn failed(step: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| Error::Database { step, source }
}

/// Returns the verifier that PostgreSQL stores for a password (SCRAM-SHA-256, RFC 5803), so that
/// the password itself is neither sent nor logged. Its salt is random, because no test has to
/// reproduce it.
///
/// Only printable ASCII is accepted, for which the SASLprep of all clients is the identity.
fn password_verifier(password: &SecretString) -> Result<String, Error> {
    let password = password.expose_secret().as_bytes();
    let is_printable = password.iter().all(|byte| (0x20..0x7f).contains(byte));
    if password.is_empty() || !is_printable {
        let reason = "expected printable ASCII".to_owned();
        return Err(Error::Setting { name: "DATABASE_PASSWORD", reason });
    }
    Ok(scram_sha_256(password))
}

/// Quotes a name, which must not need escaping.
fn quoted(name: &str) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
    if fits && name.bytes().all(allowed) {
        return Ok(format!("\"{name}\""));
    }
    let reason = "expected names of at most 63 characters of a-z, 0-9 and _".to_owned();
    Err(Error::Setting { name: "DATABASE_URL", reason })
}

#[cfg(test)]
mod tests {
    use super::{password_verifier, quoted};
    use secrecy::SecretString;

    #[test]
    fn names_that_need_escaping_are_rejected() {
        assert_eq!(quoted("catalog_db").expect("a name"), "\"catalog_db\"");
        for bad in ["", "a\"; DROP DATABASE b; --", "Über", "UPPER", "a b", &"x".repeat(64)] {
            assert!(quoted(bad).is_err(), "{bad:?}");
        }
    }
    #[test]
    fn non_ascii_and_control_characters_are_rejected_in_passwords() {
        for bad in ["", "pässword", "a\nb", "tab\t"] {
            assert!(password_verifier(&SecretString::from(bad)).is_err(), "{bad:?}");
        }
        let verifier = password_verifier(&SecretString::from("pencil")).expect("a verifier");
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:"), "{verifier}");
    }
}
