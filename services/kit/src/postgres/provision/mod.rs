//! Provisioning of a service's role and database, with the administrator's password, which no
//! service gets.
//!
//! On a shared server the comments on roles and databases contain the identity of their owner
//! ([`DatabaseIdentity`]). What belongs to someone else is refused before anything is changed. An
//! advisory lock serializes all of this, so of two owners that claim a database at the same time
//! the second one sees the identity of the first. PostgreSQL keeps advisory locks for each database
//! separately: administrators that connect to different databases do not wait for each other, and
//! the second one to create the role fails.

mod args;
mod identity;
mod ownership;
mod target;

pub use args::ProvisionArgs;
pub use identity::{DatabaseIdentity, TakeOver};
pub use ownership::ServerUse;

use super::migrate::connect_with_retry;
use super::pooling::refuse_transaction_pooling;
use super::statement::{failed, run};
use crate::Error;
use ownership::{Claim, Decision, Existing};
use sqlx::{Connection as _, PgConnection, query, query_as, query_scalar};
use std::time::Duration;
use target::{Target, quoted};

/// Key of the advisory lock for creating roles and databases, because Jobs of several services run
/// concurrently. Any constant number works.
const LOCK_KEY: i64 = 0x73746f72_65667274;

/// Longest wait for a lock: about the time in which six Jobs create their databases one after the
/// other on a slow server.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '60s'";

/// Creates the role and its database if they do not exist. Idempotent: an existing role and
/// database stay, except for the password and the identity.
///
/// `related` are the names of the other databases and roles of the same shop. On a shared server
/// they are claimed together.
///
/// # Errors
/// When a setting is invalid, PostgreSQL is unavailable for too long or has no ICU, or the
/// administrator lacks a privilege; on a shared server also [`Error::DatabaseInUse`] and
/// [`Error::RoleTaken`]. [`Error::TransactionPooling`] when a pooler is in the way.
pub async fn provision(args: &ProvisionArgs, related: &[&str]) -> Result<(), Error> {
    let options = args.admin()?;
    let target = args.target()?;
    let (role, database) = (quoted(&target.role)?, quoted(&target.database)?);
    let claim = args.claim();

    let connect = || connect_with_retry(&options, args.database_wait);
    let step = "connect as the administrator";
    let first = connect().await.map_err(failed(step))?;
    let second = connect().await.map_err(failed(step))?;
    refuse_transaction_pooling(first, second).await?;
    let mut admin = connect().await.map_err(failed(step))?;

    run(&mut admin, LOCK_TIMEOUT.to_owned(), "limit the wait for locks").await?;
    query("SELECT pg_advisory_lock($1)")
        .bind(LOCK_KEY)
        .execute(&mut admin)
        .await
        .map_err(failed("acquire the provisioning lock"))?;
    require_icu(&mut admin).await?;
    let existing = read_existing(&mut admin, &target, related).await?;
    match claim.decide(&existing) {
        Decision::SetPassword => set_role(&mut admin, &target, &role, &claim, &existing).await?,
        Decision::VerifyPassword => {
            verify_password(&target).await?;
            write_role_identity(&mut admin, &role, &claim).await?;
        }
        Decision::Refuse(identity) => {
            return Err(Error::DatabaseInUse { database: target.database, identity });
        }
    }
    ensure_database(&mut admin, &existing, &database, &role).await?;
    write_database_identity(&mut admin, &database, &role, &claim).await?;
    // Closing the connection releases the lock.
    admin.close().await.map_err(failed("close the administrator's connection"))
}

/// Verifies that the server sorts by the rules of Unicode, which the catalog needs.
async fn require_icu(admin: &mut PgConnection) -> Result<(), Error> {
    let has_icu: bool =
        query_scalar("SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')")
            .fetch_one(admin)
            .await
            .map_err(failed("read the collations"))?;
    if has_icu { Ok(()) } else { Err(Error::NoIcu) }
}

/// Reads what exists of the role, the database, and the related ones.
async fn read_existing(
    admin: &mut PgConnection,
    target: &Target,
    related: &[&str],
) -> Result<Existing, Error> {
    let own = [target.role.as_str(), target.database.as_str()];
    let names: Vec<&str> = own.iter().chain(related).copied().collect();
    let rows: Vec<(bool, String, Option<String>)> = query_as(
        "SELECT false, rolname::text, shobj_description(oid, 'pg_authid')
           FROM pg_roles WHERE rolname = ANY($1::text[])
         UNION ALL
         SELECT true, datname::text, shobj_description(oid, 'pg_database')
           FROM pg_database WHERE datname = ANY($1::text[])",
    )
    .bind(names)
    .fetch_all(admin)
    .await
    .map_err(failed("read the roles and databases"))?;
    let mut existing = Existing::default();
    for (is_database, name, comment) in rows {
        let (own, exists) = match is_database {
            true => (&target.database, &mut existing.database),
            false => (&target.role, &mut existing.role),
        };
        let is_own = name == *own;
        *exists |= is_own;
        let identity = comment.as_deref().and_then(DatabaseIdentity::from_comment);
        match is_own {
            true => existing.identities.extend(identity),
            false => existing.related_identities.extend(identity),
        }
    }
    Ok(existing)
}

/// Creates the role or sets its password, and writes its identity, in one transaction.
async fn set_role(
    admin: &mut PgConnection,
    target: &Target,
    role: &str,
    claim: &Claim,
    existing: &Existing,
) -> Result<(), Error> {
    let mut transaction = admin.begin().await.map_err(failed("begin a transaction"))?;
    let verb = if existing.role { "ALTER" } else { "CREATE" };
    // A verifier is base64 with fixed separators, so it needs no quoting.
    let verifier = &target.verifier;
    let set = format!("{verb} ROLE {role} LOGIN PASSWORD '{verifier}'");
    run(&mut transaction, set, "set the role").await?;
    write_role_identity(&mut transaction, role, claim).await?;
    transaction.commit().await.map_err(failed("set the role"))
}

async fn write_role_identity(
    admin: &mut PgConnection,
    role: &str,
    claim: &Claim,
) -> Result<(), Error> {
    let Some(identity) = &claim.identity else { return Ok(()) };
    // An identity contains no character that needs quoting.
    let comment = format!("COMMENT ON ROLE {role} IS '{}'", identity.comment());
    run(admin, comment, "write the identity of the role").await
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
    existing: &Existing,
    database: &str,
    role: &str,
) -> Result<(), Error> {
    if !existing.database {
        join_role(admin, role).await?;
        let create =
            format!("CREATE DATABASE {database} OWNER {role} ENCODING 'UTF8' TEMPLATE template0");
        run(admin, create, "create the database").await?;
    }
    // Services share a server, but not their databases.
    let revoke = format!("REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC");
    run(admin, revoke, "revoke public access to the database").await
}

async fn write_database_identity(
    admin: &mut PgConnection,
    database: &str,
    role: &str,
    claim: &Claim,
) -> Result<(), Error> {
    let Some(identity) = &claim.identity else { return Ok(()) };
    join_role(admin, role).await?;
    let comment = format!("COMMENT ON DATABASE {database} IS '{}'", identity.comment());
    match run(admin, comment, "write the identity of the database").await {
        // Another role owns the database, which was created by hand. The role has the identity.
        Err(Error::Database { source, .. }) if is_permission_denied(&source) => {
            tracing::warn!(database, "identity not written: the database has another owner");
            Ok(())
        }
        written => written,
    }
}

fn is_permission_denied(error: &sqlx::Error) -> bool {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    error.as_database_error().and_then(|error| error.code()).as_deref()
        == Some(INSUFFICIENT_PRIVILEGE)
}

/// Makes the administrator a member of the role. One who is not a superuser must be a member to
/// make the role an owner, and to comment on its database.
async fn join_role(admin: &mut PgConnection, role: &str) -> Result<(), Error> {
    run(admin, format!("GRANT {role} TO CURRENT_USER"), "grant membership in the role").await
}
