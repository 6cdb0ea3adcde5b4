//! Preparing the role and the database of a service, with the administrator's password that no
//! service ever sees.

use super::connect::{complete, parse};
use super::migrate::connect_patiently;
use super::scram;
use crate::{Env, Error, secret};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar};
use std::path::PathBuf;
use std::time::Duration;

/// Longest name that PostgreSQL keeps whole.
const MAX_NAME_BYTES: usize = 63;

/// Number of the lock under which roles and databases are made, for Jobs of several services run
/// side by side. Any number does that is always the same.
const LOCK: i64 = 0x73746f72_65667274;

/// What becomes of a role that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingRole {
    /// It gets the password: whoever prepares it is the one who says what it is.
    SetPassword,
    /// It stays as it is, and its password has to be the one given.
    Keep,
}

/// The role and the database to prepare, and who may do it.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ProvisionArgs {
    /// Database and role to make, as the service connects: postgres://role@host:5432/name
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// File with the URL; wins over DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,

    /// Password that the role gets, whatever it had before
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    pub database_password: Option<SecretString>,

    /// File with the role's password; wins over DATABASE_PASSWORD
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,

    /// File with the certificates, in PEM, that the server's has to be signed by
    #[arg(long, env = "DATABASE_CA_FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// The administrator's connection, as in postgres://postgres:password@host:5432/postgres
    #[arg(long, env = "ADMIN_DATABASE_URL", hide_env_values = true)]
    pub admin_database_url: Option<SecretString>,

    /// File with the administrator's connection; wins over ADMIN_DATABASE_URL
    #[arg(long, env = "ADMIN_DATABASE_URL_FILE")]
    pub admin_database_url_file: Option<PathBuf>,

    /// The administrator's role, for a URL without one
    #[arg(long, env = "ADMIN_DATABASE_USER")]
    pub admin_database_user: Option<String>,

    /// The administrator's password, for a URL without one
    #[arg(long, env = "ADMIN_DATABASE_PASSWORD", hide_env_values = true)]
    pub admin_database_password: Option<SecretString>,

    /// File with the administrator's password; wins over ADMIN_DATABASE_PASSWORD
    #[arg(long, env = "ADMIN_DATABASE_PASSWORD_FILE")]
    pub admin_database_password_file: Option<PathBuf>,

    /// Longest wait for PostgreSQL to answer and to accept the administrator; a Job tries again
    #[arg(long, env = "DATABASE_WAIT", default_value = "20s",
        value_parser = crate::settings::duration)]
    pub database_wait: Duration,
}

impl ProvisionArgs {
    /// What is to be made.
    fn wanted(&self) -> Result<Wanted, Error> {
        let (value, file) = (self.database_url.as_ref(), self.database_url_file.as_deref());
        let url = secret::require("DATABASE_URL", value, file)?;
        let options = parse("DATABASE_URL", &url)?.application_name("provision");
        let database = options.get_database().map(str::to_owned);
        let database = database.ok_or_else(|| Error::Setting {
            name: "DATABASE_URL",
            reason: "names no database".to_owned(),
        })?;
        let (value, file) =
            (self.database_password.as_ref(), self.database_password_file.as_deref());
        let password = secret::require("DATABASE_PASSWORD", value, file)?;
        let role = options.get_username().to_owned();
        let options = complete(options, Some(&password), self.database_ca_file.as_deref());
        let verifier = scram::verifier(password.expose_secret(), &Env::system())?;
        Ok(Wanted { role, database, verifier, options })
    }

    /// How the administrator connects.
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

/// A role, its database, its password as PostgreSQL keeps it, and how the role connects.
struct Wanted {
    role: String,
    database: String,
    verifier: String,
    options: PgConnectOptions,
}

/// Makes the role and its database where they are not there. It can be run again at any time: what is
/// there stays, but the password where `existing` says so.
///
/// # Errors
/// When a setting is wrong, PostgreSQL does not answer in time, or the administrator may not; and
/// [`Error::RoleTaken`].
pub async fn provision(args: &ProvisionArgs, existing: ExistingRole) -> Result<(), Error> {
    let options = args.admin()?;
    let wanted = args.wanted()?;
    let role = quoted(&wanted.role)?;
    let database = quoted(&wanted.database)?;

    let mut admin = connect_patiently(&options, args.database_wait)
        .await
        .map_err(failed("connect as the administrator"))?;
    query("SELECT pg_advisory_lock($1)")
        .bind(LOCK)
        .execute(&mut admin)
        .await
        .map_err(failed("wait for other preparations"))?;
    ensure_role(&mut admin, &wanted, &role, existing).await?;
    ensure_database(&mut admin, &wanted.database, &database, &role).await?;
    // The lock goes with the connection.
    admin.close().await.map_err(failed("end the administrator's connection"))
}

async fn ensure_role(
    admin: &mut PgConnection,
    wanted: &Wanted,
    role: &str,
    existing: ExistingRole,
) -> Result<(), Error> {
    let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(&wanted.role)
        .fetch_one(&mut *admin)
        .await
        .map_err(failed("look for the role"))?;
    if exists && existing == ExistingRole::Keep {
        return enter(wanted).await;
    }
    let verb = if exists { "ALTER" } else { "CREATE" };
    // A verifier is base64 between fixed marks: there is nothing in it to quote.
    let verifier = &wanted.verifier;
    run(admin, format!("{verb} ROLE {role} LOGIN PASSWORD '{verifier}'"), "set the role").await
}

/// Shows that the role has the password that is wanted.
async fn enter(wanted: &Wanted) -> Result<(), Error> {
    let error = match connect_patiently(&wanted.options, Duration::ZERO).await {
        Ok(connection) => {
            return connection.close().await.map_err(failed("end the role's connection"));
        }
        Err(error) => error,
    };
    match error.as_database_error().and_then(|error| error.code()).as_deref() {
        // The password was right, and the database is not there yet.
        Some("3D000") => Ok(()),
        // invalid_authorization_specification, invalid_password
        Some("28000" | "28P01") => Err(Error::RoleTaken { role: wanted.role.clone() }),
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
        .map_err(failed("look for the database"))?;
    if !exists {
        // An administrator who is no superuser must be a member of the role to give to it.
        let grant = format!("GRANT {role} TO CURRENT_USER");
        run(admin, grant, "become a member of the role").await?;
        let create =
            format!("CREATE DATABASE {database} OWNER {role} ENCODING 'UTF8' TEMPLATE template0");
        run(admin, create, "create the database").await?;
    }
    // Services share a server, not their databases.
    let revoke = format!("REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC");
    run(admin, revoke, "close the database to others").await
}

async fn run(admin: &mut PgConnection, statement: String, step: &'static str) -> Result<(), Error> {
    let statement = query(AssertSqlSafe(statement));
    statement.execute(admin).await.map(drop).map_err(failed(step))
}

fn failed(step: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| Error::Database { step, source }
}

/// A name that needs no more than its quotes.
fn quoted(name: &str) -> Result<String, Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
    if fits && name.bytes().all(plain) {
        return Ok(format!("\"{name}\""));
    }
    let reason = "expected names of up to 63 of a-z, 0-9 and _".to_owned();
    Err(Error::Setting { name: "DATABASE_URL", reason })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_that_could_mean_more_than_a_name_are_refused() {
        assert_eq!(quoted("catalog_db").expect("a name"), "\"catalog_db\"");
        for bad in ["", "a\"; DROP DATABASE b; --", "Über", "UPPER", "a b", &"x".repeat(64)] {
            assert!(quoted(bad).is_err(), "{bad:?}");
        }
    }
}
