//! The owners' roles and databases on one server.
//!
//! Roles belong to a whole server, and another shop may be using it. Therefore a role that is there
//! keeps its password, and is only used when that is the one that follows from the administrator's:
//! who starts the same shop again, or a second time, comes to the same. Any other password says that
//! somebody else made the role. On a server of our own nobody else can be: there each start gives
//! new passwords.

use std::time::Duration;

use kit::postgres::{ExistingRole, ProvisionArgs, provision};
use kit::{Env, secret};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Error;
use crate::components::Owner;

/// A server that was named may still be starting.
const WAIT: Duration = Duration::from_secs(60);

/// A PostgreSQL server.
pub(crate) struct Server {
    /// How the administrator connects.
    pub(crate) url: SecretString,
    /// The administrator's password, for a URL without one.
    pub(crate) password: Option<SecretString>,
    /// Whose the roles are that are there already.
    pub(crate) roles: Roles,
}

/// Whose the roles are that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Roles {
    /// Ours: the server is nobody else's.
    Ours,
    /// Perhaps another shop's.
    Anybodys,
    /// Ours from now on, whoever made them.
    TakenOver,
}

impl Server {
    /// The password that an owner's role gets, and what becomes of a role that is there.
    fn password_of(&self, owner: &Owner, env: &Env) -> (SecretString, ExistingRole) {
        let existing = match self.roles {
            Roles::Ours => return (random(env), ExistingRole::SetPassword),
            Roles::Anybodys => ExistingRole::Keep,
            Roles::TakenOver => ExistingRole::SetPassword,
        };
        let inside = || password_in(self.url.expose_secret()).map(SecretString::from);
        let administrators = self.password.clone().or_else(inside);
        let derived = administrators.map(|password| secret::derive(&password, owner.role));
        // An administrator who needs no password has none that anything could follow from.
        (derived.unwrap_or_else(|| random(env)), existing)
    }
}

/// Makes an owner's role and database on the server and migrates it.
pub(crate) async fn prepare(
    owner: &Owner,
    database: &mut kit::postgres::Args,
    server: &Server,
    env: &Env,
) -> Result<(), Error> {
    let (password, existing) = server.password_of(owner, env);
    let url = url_of(owner, &server.url);
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
        database_wait: WAIT,
    };
    provision(&args, existing).await.map_err(|error| match error {
        kit::Error::RoleTaken { role } => Error::RoleTaken { role },
        error => error.into(),
    })?;
    database.database_url = Some(url);
    database.database_url_file = None;
    database.database_password = Some(password);
    database.database_password_file = None;
    Ok(kit::postgres::migrate(database, owner.migrations).await?)
}

/// The server's URL with another role and database: parameters count for more than what stands
/// before them.
fn url_of(owner: &Owner, server: &SecretString) -> SecretString {
    let server = server.expose_secret();
    let mark = if server.contains('?') { '&' } else { '?' };
    let Owner { role, database, .. } = owner;
    SecretString::from(format!("{server}{mark}user={role}&dbname={database}"))
}

/// The password in a URL, as it is written there.
fn password_in(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let parameter = parameters.split('&').find_map(|one| one.strip_prefix("password="));
    let authority = place.split('/').next().unwrap_or_default();
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

    fn server(url: &str, password: Option<&str>, roles: Roles) -> Server {
        Server { url: url.into(), password: password.map(SecretString::from), roles }
    }

    fn password(server: &Server) -> (String, ExistingRole) {
        let (password, existing) = server.password_of(&CATALOG, &Env::system());
        (password.expose_secret().to_owned(), existing)
    }

    #[test]
    fn the_password_in_a_url_is_found() {
        for (url, password) in [
            ("postgres://me:a%40b@h:5432/d", Some("a%40b")),
            ("postgres://me@h/d?sslmode=require&password=c", Some("c")),
            ("postgresql://me:a@h/d?password=c", Some("c")),
            ("postgres://me@h:5432/d", None),
            ("postgres://me:@h:5432/d", None),
            ("postgres://h:5432/d", None),
            ("postgres://h/d?application_name=a:b@c", None),
        ] {
            assert_eq!(password_in(url), password, "{url}");
        }
    }

    #[test]
    fn on_anybodys_server_a_roles_password_follows_from_the_administrators() {
        let within = server("postgres://me:hush@h/d", None, Roles::Anybodys);
        let apart = server("postgres://me@other/d", Some("hush"), Roles::Anybodys);
        let taken = server("postgres://me:hush@h/d", None, Roles::TakenOver);
        let (derived, existing) = password(&within);
        assert_eq!(existing, ExistingRole::Keep);
        assert_eq!(password(&apart), (derived.clone(), ExistingRole::Keep));
        assert_eq!(password(&taken), (derived.clone(), ExistingRole::SetPassword));
        assert!(!derived.contains("hush"));
    }

    #[test]
    fn where_nothing_can_follow_or_nobody_else_is_it_is_a_new_one_each_time() {
        for (url, roles) in
            [("postgres://me@h/d", Roles::Anybodys), ("postgres://me:hush@h/d", Roles::Ours)]
        {
            let server = server(url, None, roles);
            assert_ne!(password(&server).0, password(&server).0, "{url}");
        }
    }
}
