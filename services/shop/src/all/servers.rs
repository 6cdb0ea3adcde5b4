//! Where PostgreSQL and Redis are: given by the settings, or started.

use std::path::{Path, PathBuf};

use embedded::{EmbeddedServers, Selection};
use kit::Env;
use secrecy::SecretString;

use super::Args;
use crate::Error;
use crate::owners::{Roles, Server};

const NO_POSTGRES: Error =
    Error::NotSet { name: "DATABASE_URL", of: "the URL of a PostgreSQL server" };
const NO_REDIS: Error = Error::NotSet { name: "REDIS_URL", of: "the URL of a Redis" };

/// What the settings say of where the servers are.
pub(super) struct Given {
    postgres: Option<SecretString>,
    postgres_password: Option<SecretString>,
    take_over_roles: bool,
    redis: Option<SecretString>,
}

/// Where the servers are.
pub(super) struct Servers {
    pub(super) postgres: Server,
    pub(super) redis: Redis,
}

/// Where Redis is.
pub(super) enum Redis {
    /// Somebody else's, whose password may stand apart from its URL.
    Given(SecretString),
    /// Ours, with the password in its URL.
    Started(SecretString),
}

impl Given {
    pub(super) fn read(args: &Args) -> Result<Self, Error> {
        let read = |name, value: &Option<_>, file: &Option<PathBuf>| {
            kit::secret::read(name, value.as_ref(), file.as_deref())
        };
        let given = Self {
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
            given.servers(None)?;
        }
        Ok(given)
    }

    /// Starts what no setting names.
    pub(super) async fn start_the_rest(
        &self,
        data: Option<&Path>,
        env: &Env,
    ) -> Result<EmbeddedServers, Error> {
        let selection =
            Selection { postgres: self.postgres.is_none(), redis: self.redis.is_none() };
        Ok(EmbeddedServers::start(data, selection, env).await?)
    }

    /// Where the servers are, given or started.
    pub(super) fn servers(&self, embedded: Option<&EmbeddedServers>) -> Result<Servers, Error> {
        let started = embedded.and_then(EmbeddedServers::postgres_url).map(SecretString::from);
        let postgres = match &self.postgres {
            Some(url) => Server {
                url: url.clone(),
                password: self.postgres_password.clone(),
                roles: if self.take_over_roles { Roles::TakenOver } else { Roles::Anybodys },
            },
            None => Server { url: started.ok_or(NO_POSTGRES)?, password: None, roles: Roles::Ours },
        };
        let started = embedded.and_then(EmbeddedServers::redis_url).map(SecretString::from);
        let redis = match &self.redis {
            Some(url) => Redis::Given(url.clone()),
            None => Redis::Started(started.ok_or(NO_REDIS)?),
        };
        Ok(Servers { postgres, redis })
    }
}

impl Redis {
    /// Tells a component where it is. The component has read by itself what the settings say of a
    /// password.
    pub(super) fn tell(&self, args: &mut kit::redis::Args) {
        args.redis_url_file = None;
        match self {
            Self::Given(url) => args.redis_url = Some(url.clone()),
            Self::Started(url) => {
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

    fn told(redis: &Redis) -> (String, Option<String>) {
        let line = ["x", "--redis-url", "redis://before", "--redis-password", "hush"];
        let mut args = Settings::parse_from(line).redis;
        redis.tell(&mut args);
        let read = |secret: SecretString| secret.expose_secret().to_owned();
        (args.redis_url.map(read).unwrap(), args.redis_password.map(read))
    }

    #[test]
    fn a_redis_that_is_given_keeps_the_password_of_the_settings_and_ours_has_its_own() {
        let url = || SecretString::from("redis://host");
        let host = "redis://host".to_owned();
        assert_eq!(told(&Redis::Given(url())), (host.clone(), Some("hush".to_owned())));
        assert_eq!(told(&Redis::Started(url())), (host, None));
    }
}
