//! The settings (environment) of each process of the shop.
//!
//! Values that are not secret are in a ConfigMap, or for Jobs in the pod itself. Secret values are
//! references to Secrets. Passwords are separate from URLs: passwords are random and generated
//! once, while URLs are computed, so a changed host never requires a new Secret.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::EnvVar;
use storefront_api::component::{
    self, Component, Database, LOG_ENV, LOG_FORMAT_ENV, SecretDelivery,
};
use storefront_api::services::SmtpTls;
use storefront_api::{datastores, defaults, names};

use crate::context::BuildContext;
use crate::mounts::{self, CA_FILE_NAME, CA_FOLDER};
use crate::secret::is_generated;
use crate::{Kind, pod, ports, spec_settings};

/// The settings of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Values that are not secret.
    pub(crate) plain: BTreeMap<&'static str, String>,
    /// Values that come from a Secret.
    pub(crate) secret: BTreeMap<&'static str, SecretSource>,
    /// Values that come from a Secret and are mounted as a file. The paths are in `plain`.
    pub(crate) files: BTreeMap<&'static str, SecretSource>,
}

/// The source of a secret value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretSource {
    pub(crate) secret: String,
    pub(crate) key: String,
    /// Whether the operator generated the Secret and thus observes it.
    generated: bool,
}

impl SecretSource {
    fn generated(secret: String, key: &str) -> Self {
        Self { secret, key: key.to_owned(), generated: true }
    }

    fn user_provided(secret: &str, key: &str) -> Self {
        Self { secret: secret.to_owned(), key: key.to_owned(), generated: false }
    }
}

impl Settings {
    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.plain.insert(name, value.into());
    }

    /// Returns the names of all settings.
    pub(crate) fn names(&self) -> BTreeSet<&'static str> {
        self.plain.keys().chain(self.secret.keys()).copied().collect()
    }

    /// Returns the secret settings, for a container with a ConfigMap for the others.
    pub(crate) fn secret_env(&self) -> Vec<EnvVar> {
        let env = |(name, source): (&&str, &SecretSource)| {
            pod::env_from_secret(name, &source.secret, &source.key)
        };
        self.secret.iter().map(env).collect()
    }

    /// Returns all settings, for a container without a ConfigMap.
    pub(crate) fn env(&self) -> Vec<EnvVar> {
        let plain = self.plain.iter().map(|(name, value)| pod::env(name, value.clone()));
        plain.chain(self.secret_env()).collect()
    }

    /// Returns the names and uids of the generated Secrets that the settings come from. A different
    /// uid means a different content. Returns `None` until all of them have been observed.
    pub(crate) fn generated_secrets(
        &self,
        context: &BuildContext<'_>,
    ) -> Option<BTreeMap<String, String>> {
        let sources = self.secret.values().chain(self.files.values());
        let generated = sources.filter(|source| source.generated);
        let uid_of = |source: &SecretSource| {
            let secret = context.observed.get(Kind::Secret, &source.secret)?;
            Some((source.secret.clone(), secret.uid.clone()))
        };
        generated.map(uid_of).collect()
    }
}

/// Returns the settings of `shop <component> serve`.
pub(crate) fn serve(context: &BuildContext<'_>, component: Component) -> Settings {
    let info = component.info();
    let mut settings = logging(defaults::log_level(context.spec, component).as_str());
    add_from_spec(&mut settings, context, component);
    for callee in info.calls {
        if let Some(name) = callee.info().url_env {
            let host = names::component(&context.name, *callee);
            settings.set(name, format!("http://{host}:{}", callee.info().listen.port));
        }
    }
    if let Some(database) = info.database {
        add_database(&mut settings, context, component, database);
    }
    if info.redis {
        add_redis(&mut settings, context);
    }
    if info.mail {
        add_mail(&mut settings, context);
    }
    add_generated(&mut settings, context, component);
    settings
}

/// Returns the settings of `shop <component> provision`: the connection of the owner, which names
/// the role and database to create, and the connection of the administrator, which creates them.
pub(crate) fn provision(
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) -> Settings {
    let mut settings = migrate(context, owner, database);
    let admin = |key| match context.external_postgres() {
        Some(external) => SecretSource::user_provided(&external.admin_secret.name, key),
        None => SecretSource::generated(names::postgres_admin(&context.name), key),
    };
    // A managed server has only one user, so there is nothing to refuse.
    let server_use = if context.manages_postgres() { "exclusive" } else { "shared" };
    settings.set("DATABASE_SERVER_USE", server_use);
    if let Some(identity) = context.database_identity() {
        settings.set("DATABASE_IDENTITY", identity);
    }
    if let Some(owner) = context.take_over.filter(|_| !context.manages_postgres()) {
        settings.set("DATABASE_TAKE_OVER", owner);
    }
    settings.set("ADMIN_DATABASE_URL", postgres_url(context, None, "postgres"));
    settings.secret.insert("ADMIN_DATABASE_USER", admin("username"));
    settings.secret.insert("ADMIN_DATABASE_PASSWORD", admin("password"));
    settings
}

/// Returns the settings of `shop <component> migrate`.
pub(crate) fn migrate(
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) -> Settings {
    let mut settings = logging("info");
    add_database(&mut settings, context, owner, database);
    settings
}

/// Returns the settings of `shop seed`: the catalog's database and its settings from the spec.
pub(crate) fn seed(context: &BuildContext<'_>) -> Option<Settings> {
    let owner = Component::Catalog;
    let mut settings = migrate(context, owner, owner.info().database?);
    add_from_spec(&mut settings, context, owner);
    Some(settings)
}

/// Returns the settings of `shop inbox`.
pub(crate) fn inbox() -> Settings {
    logging("info")
}

fn logging(level: &str) -> Settings {
    let mut settings = Settings::default();
    settings.set(LOG_ENV, level);
    settings.set(LOG_FORMAT_ENV, "json");
    settings
}

/// Adds the settings whose values come from fields of the spec.
fn add_from_spec(settings: &mut Settings, context: &BuildContext<'_>, component: Component) {
    for setting in component::settings(component) {
        if let Some(value) = spec_settings::value(*setting, context.spec) {
            settings.set(setting.env(), value);
        }
    }
}

fn add_database(
    settings: &mut Settings,
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) {
    let secret = names::database_secret(&context.name, owner);
    settings.set("DATABASE_URL", postgres_url(context, Some(database.role), database.name));
    settings.secret.insert("DATABASE_PASSWORD", SecretSource::generated(secret, "password"));
    if context.external_postgres().is_some_and(|external| external.ca_secret.is_some()) {
        settings.set("DATABASE_CA_FILE", format!("{CA_FOLDER}/{CA_FILE_NAME}"));
    }
}

fn add_redis(settings: &mut Settings, context: &BuildContext<'_>) {
    match context.external_redis() {
        Some(external) => {
            let url = &external.url_secret;
            settings.secret.insert("REDIS_URL", SecretSource::user_provided(&url.name, &url.key));
        }
        None => {
            let host = names::redis(&context.name);
            let secret = names::redis_auth(&context.name);
            settings.set("REDIS_URL", format!("redis://{host}:{}/0", ports::REDIS));
            settings.secret.insert("REDIS_PASSWORD", SecretSource::generated(secret, "password"));
        }
    }
}

/// Adds the connection to the mail server: the inbox, which requires no authentication, or the
/// server of mode Smtp.
fn add_mail(settings: &mut Settings, context: &BuildContext<'_>) {
    let (host, port, tls) = match context.smtp() {
        Some(smtp) => (smtp.host.clone(), smtp.port, smtp.tls),
        None => (names::inbox(&context.name), ports::INBOX_SMTP, SmtpTls::None),
    };
    settings.set("SMTP_HOST", host);
    settings.set("SMTP_PORT", port.to_string());
    settings.set("SMTP_TLS", tls.as_str());
    if let Some(credentials) = context.smtp().and_then(|smtp| smtp.credentials_secret.as_ref()) {
        for (name, key) in [("SMTP_USERNAME", "username"), ("SMTP_PASSWORD", "password")] {
            settings.secret.insert(name, SecretSource::user_provided(&credentials.name, key));
        }
    }
}

/// Adds the settings whose values come from generated Secrets.
fn add_generated(settings: &mut Settings, context: &BuildContext<'_>, component: Component) {
    let present = component::secrets(component)
        .iter()
        .filter(|setting| is_generated(setting.secret, context.spec));
    for setting in present {
        let secret = names::generated_secret(&context.name, setting.secret);
        let source = SecretSource::generated(secret, setting.key);
        match setting.delivery {
            SecretDelivery::Value { .. } => drop(settings.secret.insert(setting.env, source)),
            SecretDelivery::File => {
                settings.set(setting.env, mounts::setting_file(setting.env, setting.key));
                settings.files.insert(setting.env, source);
            }
        }
    }
}

/// Returns the URL of a database, without a password.
fn postgres_url(context: &BuildContext<'_>, role: Option<&str>, database: &str) -> String {
    let (host, port, ssl_mode) = match context.external_postgres() {
        Some(external) => (url_host(&external.host), external.port, external.ssl_mode),
        None => (names::postgres(&context.name), ports::POSTGRES, datastores::SslMode::Disable),
    };
    let user = role.map(|role| format!("{role}@")).unwrap_or_default();
    format!("postgres://{user}{host}:{port}/{database}?sslmode={}", ssl_mode.as_str())
}

/// Formats a host for a URL: IPv6 addresses are in brackets.
fn url_host(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
