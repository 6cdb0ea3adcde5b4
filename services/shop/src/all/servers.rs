//! The PostgreSQL and Redis servers of `shop all`: set by the settings, or embedded.

use std::path::{Path, PathBuf};

use embedded::{EmbeddedServers, Selection};
use kit::Env;
use secrecy::SecretString;

use super::Args;
use crate::Error;
use crate::provisioning::{PostgresServer, RoleOwnership};

const NO_POSTGRES: Error =
    Error::NotSet { name: "DATABASE_URL", description: "the URL of a PostgreSQL server" };
const NO_REDIS: Error =
    Error::NotSet { name: "REDIS_URL", description: "the URL of a Redis server" };

/// The settings that name servers.
pub(super) struct ServerSettings {
    postgres: Option<SecretString>,
    postgres_password: Option<SecretString>,
    take_over_roles: bool,
    redis: Option<SecretString>,
}

/// The servers that the components use.
pub(super) struct Servers {
    pub(super) postgres: PostgresServer,
    pub(super) redis: RedisServer,
}

/// The URL of the Redis server.
pub(super) enum RedisServer {
    /// An external server, whose password may be in a setting of its own.
    External(SecretString),
    /// An embedded server, whose password is in its URL.
    Embedded(SecretString),
}

impl ServerSettings {
    /// Reads the settings, and their files.
    ///
    /// # Errors
    /// If a file cannot be read, or a server is neither set nor embedded.
    pub(super) fn read(args: &Args) -> Result<Self, Error> {
        let read = |name, value: &Option<_>, file: &Option<PathBuf>| {
            kit::secret::read(name, value.as_ref(), file.as_deref())
        };
        let settings = Self {
            postgres: read("DATABASE_URL", &args.database_url, &args.database_url_file)?,
            postgres_password: read(
                "DATABASE_PASSWORD",
                &args.database_password,
                &args.database_password_file,
            )?,
            take_over_roles: args.take_over_roles,
            redis: read("REDIS_URL", &args.redis_url, &args.redis_url_file)?,
        };
        if !args.embedded {
            settings.resolve(None)?;
        }
        Ok(settings)
    }

    /// Starts the servers that no setting names.
    pub(super) async fn start_missing(
        &self,
        data: Option<&Path>,
        env: &Env,
    ) -> Result<EmbeddedServers, Error> {
        let selection =
            Selection { postgres: self.postgres.is_none(), redis: self.redis.is_none() };
        Ok(EmbeddedServers::start(data, selection, env).await?)
    }

    /// Returns the servers to use: those of the settings, else the embedded ones.
    pub(super) fn resolve(&self, embedded: Option<&EmbeddedServers>) -> Result<Servers, Error> {
        let started = embedded.and_then(EmbeddedServers::postgres_url).map(SecretString::from);
        let postgres = match &self.postgres {
            Some(url) => PostgresServer {
                url: url.clone(),
                password: self.postgres_password.clone(),
                roles: match self.take_over_roles {
                    true => RoleOwnership::Adopted,
                    false => RoleOwnership::Shared,
                },
            },
            None => PostgresServer {
                url: started.ok_or(NO_POSTGRES)?,
                password: None,
                roles: RoleOwnership::Exclusive,
            },
        };
        let started = embedded.and_then(EmbeddedServers::redis_url).map(SecretString::from);
        let redis = match &self.redis {
            Some(url) => RedisServer::External(url.clone()),
            None => RedisServer::Embedded(started.ok_or(NO_REDIS)?),
        };
        Ok(Servers { postgres, redis })
    }
}

impl RedisServer {
    /// Sets the URL in a component's settings. Password settings, which the component has read
    /// itself, apply to an external server only.
    pub(super) fn apply(&self, args: &mut kit::redis::Args) {
        args.redis_url_file = None;
        match self {
            Self::External(url) => args.redis_url = Some(url.clone()),
            Self::Embedded(url) => {
                args.redis_url = Some(url.clone());
                args.redis_password = None;
                args.redis_password_file = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use secrecy::ExposeSecret as _;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        redis: kit::redis::Args,
    }

    fn url_and_password(redis: &RedisServer) -> (String, Option<String>) {
        let line = ["x", "--redis-url", "redis://before", "--redis-password", "hush"];
        let mut args = Settings::parse_from(line).redis;
        redis.apply(&mut args);
        let expose = |secret: SecretString| secret.expose_secret().to_owned();
        (args.redis_url.map(expose).unwrap(), args.redis_password.map(expose))
    }

    #[test]
    fn password_setting_applies_to_external_redis_only() {
        let url = || SecretString::from("redis://host");
        let host = "redis://host".to_owned();
        assert_eq!(
            url_and_password(&RedisServer::External(url())),
            (host.clone(), Some("hush".to_owned()))
        );
        assert_eq!(url_and_password(&RedisServer::Embedded(url())), (host, None));
    }
}
