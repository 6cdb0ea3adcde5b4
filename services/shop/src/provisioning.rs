//! Provisioning of the components' roles and databases on one PostgreSQL server.
//!
//! Roles belong to a whole server, and another shop may use the same server. Therefore an existing
//! role keeps its password, and is used only if that is the password derived from the
//! administrator's. The same shop derives the same passwords when it is restarted or started a
//! second time; a different password means that another shop created the role. On a server that the
//! process started itself there is no other shop, so each start sets new random passwords.
//!
//! Databases of a Storefront carry its identity ([`kit::postgres::DatabaseIdentity`]). A shop
//! without an identity uses them only with `--take-over-roles`.

use std::time::Duration;

use ::components::Component;
use kit::postgres::{ProvisionArgs, ServerUse, provision};
use kit::{Env, secret};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Error;
use crate::components::DatabaseComponent;

/// The longest wait for a server to accept connections: a configured server may still be starting.
const SERVER_WAIT: Duration = Duration::from_secs(60);

/// A PostgreSQL server.
pub(crate) struct PostgresServer {
    /// The administrator's URL.
    pub(crate) url: SecretString,
    /// The administrator's password, for a URL without one.
    pub(crate) password: Option<SecretString>,
    /// The ownership of roles that already exist.
    pub(crate) roles: RoleOwnership,
}

/// The ownership of roles that already exist on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleOwnership {
    /// This shop's: no other shop uses the server.
    Exclusive,
    /// Possibly another shop's.
    Shared,
    /// This shop's from now on, whichever shop created them.
    Adopted,
}

impl PostgresServer {
    /// Returns the password of a component's role, and whether existing roles may be others'.
    fn role_password(&self, owner: &DatabaseComponent, env: &Env) -> (SecretString, ServerUse) {
        let server_use = match self.roles {
            RoleOwnership::Exclusive => return (random(env), ServerUse::Exclusive),
            RoleOwnership::Shared => ServerUse::Shared,
            RoleOwnership::Adopted => ServerUse::Exclusive,
        };
        let url_password = || password_in_url(self.url.expose_secret()).map(SecretString::from);
        let admin_password = self.password.clone().or_else(url_password);
        let derived = admin_password.map(|password| secret::derive(&password, owner.database.role));
        // Without an administrator's password there is nothing to derive one from.
        (derived.unwrap_or_else(|| random(env)), server_use)
    }
}

/// Creates a component's role and database on the server, migrates the database, and stores the
/// connection in `database`.
pub(crate) async fn provision_and_migrate(
    owner: &DatabaseComponent,
    database: &mut kit::postgres::Args,
    server: &PostgresServer,
    env: &Env,
) -> Result<(), Error> {
    let (password, server_use) = server.role_password(owner, env);
    let url = component_url(owner, &server.url);
    let args = ProvisionArgs {
        database_url: Some(url.clone()),
        database_url_file: None,
        database_password: Some(password.clone()),
        database_password_file: None,
        database_ca_file: database.database_ca_file.clone(),
        admin_database_url: Some(server.url.clone()),
        admin_database_url_file: None,
        admin_database_user: None,
        admin_database_password: server.password.clone(),
        admin_database_password_file: None,
        database_server_use: server_use,
        database_identity: None,
        database_take_over: None,
        database_wait: SERVER_WAIT,
    };
    provision(&args, &related_names()).await.map_err(|error| match error {
        kit::Error::RoleTaken { role } => Error::RoleTaken { role },
        error @ kit::Error::DatabaseInUse { .. } => Error::ServerInUse(error),
        error => error.into(),
    })?;
    database.database_url = Some(url);
    database.database_url_file = None;
    database.database_password = Some(password);
    database.database_password_file = None;
    Ok(kit::postgres::migrate(database, owner.migrations).await?)
}

/// Returns the names of all databases and roles of a shop, which are claimed together.
pub(crate) fn related_names() -> Vec<&'static str> {
    Component::with_database().flat_map(|(_, database)| [database.name, database.role]).collect()
}

/// Returns the server's URL with the component's role and database. They are appended as
/// parameters, which take precedence over the other parts of a URL.
fn component_url(owner: &DatabaseComponent, server: &SecretString) -> SecretString {
    let server = server.expose_secret();
    let separator = if server.contains('?') { '&' } else { '?' };
    let ::components::Database { name, role } = owner.database;
    SecretString::from(format!("{server}{separator}user={role}&dbname={name}"))
}

/// Returns the password in a URL, percent-encoded as it is there.
fn password_in_url(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (location, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let parameter = parameters.split('&').find_map(|pair| pair.strip_prefix("password="));
    let authority = location.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
    parameter.or(password).filter(|password| !password.is_empty())
}

fn random(env: &Env) -> SecretString {
    let digits: String = env.bytes::<24>().iter().map(|byte| format!("{byte:02x}")).collect();
    SecretString::from(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::CATALOG;

    fn server(url: &str, password: Option<&str>, roles: RoleOwnership) -> PostgresServer {
        PostgresServer { url: url.into(), password: password.map(SecretString::from), roles }
    }

    fn catalog_password(server: &PostgresServer) -> (String, ServerUse) {
        let (password, server_use) = server.role_password(&CATALOG, &Env::system());
        (password.expose_secret().to_owned(), server_use)
    }

    #[test]
    fn password_in_url_reads_authority_and_parameters() {
        for (url, password) in [
            ("postgres://me:a%40b@h:5432/d", Some("a%40b")),
            ("postgres://me@h/d?sslmode=require&password=c", Some("c")),
            ("postgresql://me:a@h/d?password=c", Some("c")),
            ("postgres://me@h:5432/d", None),
            ("postgres://me:@h:5432/d", None),
            ("postgres://h:5432/d", None),
            ("postgres://h/d?application_name=a:b@c", None),
        ] {
            assert_eq!(password_in_url(url), password, "{url}");
        }
    }

    #[test]
    fn password_on_shared_server_is_derived_from_the_admin_password() {
        let in_url = server("postgres://me:hush@h/d", None, RoleOwnership::Shared);
        let separate = server("postgres://me@other/d", Some("hush"), RoleOwnership::Shared);
        let adopted = server("postgres://me:hush@h/d", None, RoleOwnership::Adopted);
        let (derived, server_use) = catalog_password(&in_url);
        assert_eq!(server_use, ServerUse::Shared);
        assert_eq!(catalog_password(&separate), (derived.clone(), ServerUse::Shared));
        assert_eq!(catalog_password(&adopted), (derived.clone(), ServerUse::Exclusive));
        assert!(!derived.contains("hush"));
    }

    #[test]
    fn password_is_random_without_admin_password_or_on_exclusive_server() {
        for (url, roles) in [
            ("postgres://me@h/d", RoleOwnership::Shared),
            ("postgres://me:hush@h/d", RoleOwnership::Exclusive),
        ] {
            let server = server(url, None, roles);
            assert_ne!(catalog_password(&server).0, catalog_password(&server).0, "{url}");
        }
    }
}
