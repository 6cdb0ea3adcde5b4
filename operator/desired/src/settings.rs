//! What each process of the shop is told by its environment.
//!
//! What is not secret goes into a ConfigMap (or, for Jobs, into the pod itself); of what is secret
//! only the place is named. Passwords stand apart from URLs: they are made once, by chance, while
//! URLs are computed, so that another host never needs another Secret.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::EnvVar;
use storefront_api::component::{
    self, Component, Database, LOG_ENV, LOG_FORMAT_ENV, SecretDelivery,
};
use storefront_api::defaults;
use storefront_api::services::SmtpTls;
use storefront_api::{datastores, names};

use crate::context::BuildContext;
use crate::mounts::{self, CA_FILE_NAME, CA_FOLDER};
use crate::secret::is_generated;
use crate::{Kind, pod, ports, spec_settings};

/// What one process is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Values that anybody may read.
    pub(crate) plain: BTreeMap<&'static str, String>,
    /// Values that are in a Secret.
    pub(crate) secret: BTreeMap<&'static str, SecretPlace>,
    /// Values that are in a Secret and shown as a file, whose path is among the plain ones.
    pub(crate) files: BTreeMap<&'static str, SecretPlace>,
}

/// Where a secret value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretPlace {
    pub(crate) secret: String,
    pub(crate) key: String,
    /// Whether the operator made the Secret, and so sees it.
    generated: bool,
}

impl SecretPlace {
    fn generated(secret: String, key: &str) -> Self {
        Self { secret, key: key.to_owned(), generated: true }
    }

    fn of_user(secret: &str, key: &str) -> Self {
        Self { secret: secret.to_owned(), key: key.to_owned(), generated: false }
    }
}

impl Settings {
    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.plain.insert(name, value.into());
    }

    /// Every name that is set.
    pub(crate) fn names(&self) -> BTreeSet<&'static str> {
        self.plain.keys().chain(self.secret.keys()).copied().collect()
    }

    /// The secret ones, for a container that has the others from a ConfigMap.
    pub(crate) fn secret_env(&self) -> Vec<EnvVar> {
        let place = |(name, place): (&&str, &SecretPlace)| {
            pod::env_from_secret(name, &place.secret, &place.key)
        };
        self.secret.iter().map(place).collect()
    }

    /// All of them, for a container without a ConfigMap.
    pub(crate) fn env(&self) -> Vec<EnvVar> {
        let plain = self.plain.iter().map(|(name, value)| pod::env(name, value.clone()));
        plain.chain(self.secret_env()).collect()
    }

    /// The Secrets among them that the operator made, each with its uid: another uid is another
    /// content. `None` while one of them has not been seen.
    pub(crate) fn generated_secrets(
        &self,
        context: &BuildContext<'_>,
    ) -> Option<BTreeMap<String, String>> {
        let places = self.secret.values().chain(self.files.values());
        let generated = places.filter(|place| place.generated);
        let uid_of = |place: &SecretPlace| {
            let seen = context.observed.get(Kind::Secret, &place.secret)?;
            Some((place.secret.clone(), seen.uid.clone()))
        };
        generated.map(uid_of).collect()
    }
}

/// What `shop <component> serve` is told.
pub(crate) fn serve(context: &BuildContext<'_>, component: Component) -> Settings {
    let row = component.info();
    let mut settings = logging(defaults::log_level(context.spec, component).as_str());
    add_from_spec(&mut settings, context, component);
    for callee in row.calls {
        if let Some(name) = callee.info().url_env {
            let host = names::component(&context.name, *callee);
            settings.set(name, format!("http://{host}:{}", callee.info().listen.port));
        }
    }
    if let Some(database) = row.database {
        add_database(&mut settings, context, component, database);
    }
    if row.redis {
        add_redis(&mut settings, context);
    }
    if row.mail {
        add_mail(&mut settings, context);
    }
    add_generated(&mut settings, context, component);
    settings
}

/// What `shop <component> provision` is told: the owner's own connection, which says what is to be
/// made, and the administrator's, which makes it.
pub(crate) fn provision(
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) -> Settings {
    let mut settings = migrate(context, owner, database);
    let (secret, place): (String, fn(String, &str) -> SecretPlace) =
        match context.external_postgres() {
            Some(external) => (external.admin_secret.name.clone(), |secret, key| {
                SecretPlace::of_user(&secret, key)
            }),
            None => (names::postgres_admin(&context.name), SecretPlace::generated),
        };
    settings.set("ADMIN_DATABASE_URL", postgres_url(context, None, "postgres"));
    settings.secret.insert("ADMIN_DATABASE_USER", place(secret.clone(), "username"));
    settings.secret.insert("ADMIN_DATABASE_PASSWORD", place(secret, "password"));
    settings
}

/// What `shop <component> migrate` is told.
pub(crate) fn migrate(
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) -> Settings {
    let mut settings = logging("info");
    add_database(&mut settings, context, owner, database);
    settings
}

/// What `shop seed` is told: where the catalog is kept, and what the Storefront says of it.
pub(crate) fn seed(context: &BuildContext<'_>) -> Option<Settings> {
    let owner = Component::Catalog;
    let mut settings = migrate(context, owner, owner.info().database?);
    add_from_spec(&mut settings, context, owner);
    Some(settings)
}

/// What `shop inbox` is told.
pub(crate) fn inbox() -> Settings {
    logging("info")
}

fn logging(level: &str) -> Settings {
    let mut settings = Settings::default();
    settings.set(LOG_ENV, level);
    settings.set(LOG_FORMAT_ENV, "json");
    settings
}

/// What comes from fields of the Storefront.
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
    settings.secret.insert("DATABASE_PASSWORD", SecretPlace::generated(secret, "password"));
    if context.external_postgres().is_some_and(|external| external.ca_secret.is_some()) {
        settings.set("DATABASE_CA_FILE", format!("{CA_FOLDER}/{CA_FILE_NAME}"));
    }
}

fn add_redis(settings: &mut Settings, context: &BuildContext<'_>) {
    match context.external_redis() {
        Some(external) => {
            let url = &external.url_secret;
            settings.secret.insert("REDIS_URL", SecretPlace::of_user(&url.name, &url.key));
        }
        None => {
            let host = names::redis(&context.name);
            let secret = names::redis_auth(&context.name);
            settings.set("REDIS_URL", format!("redis://{host}:{}/0", ports::REDIS));
            settings.secret.insert("REDIS_PASSWORD", SecretPlace::generated(secret, "password"));
        }
    }
}

/// Within the cluster to the inbox, which asks for no password, or to the server of mode Smtp.
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
            settings.secret.insert(name, SecretPlace::of_user(&credentials.name, key));
        }
    }
}

/// What the operator made up.
fn add_generated(settings: &mut Settings, context: &BuildContext<'_>, component: Component) {
    let wanted = component::secrets(component)
        .iter()
        .filter(|setting| is_generated(setting.secret, context.spec));
    for setting in wanted {
        let secret = names::generated_secret(&context.name, setting.secret);
        let place = SecretPlace::generated(secret, setting.key);
        match setting.delivery {
            SecretDelivery::Value { .. } => drop(settings.secret.insert(setting.env, place)),
            SecretDelivery::File => {
                settings.set(setting.env, mounts::setting_file(setting.env, setting.key));
                settings.files.insert(setting.env, place);
            }
        }
    }
}

/// The URL of a database, without a password.
fn postgres_url(context: &BuildContext<'_>, role: Option<&str>, database: &str) -> String {
    let (host, port, ssl_mode) = match context.external_postgres() {
        Some(external) => (url_host(&external.host), external.port, external.ssl_mode),
        None => (names::postgres(&context.name), ports::POSTGRES, datastores::SslMode::Disable),
    };
    let user = role.map(|role| format!("{role}@")).unwrap_or_default();
    format!("postgres://{user}{host}:{port}/{database}?sslmode={}", ssl_mode.as_str())
}

/// An IPv6 address in a URL stands in brackets.
fn url_host(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
