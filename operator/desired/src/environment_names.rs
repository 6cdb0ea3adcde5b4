//! The names of the environment variables that the operator sets on the shop's processes.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::ObjectMeta;
use storefront_api::component::Component;
use storefront_api::datastores::{ExternalPostgres, ExternalRedis, Mode, Postgres, Redis, SslMode};
use storefront_api::exposure::{Origin, RouteExposure};
use storefront_api::names::TAKE_OVER_ANNOTATION;
use storefront_api::services::{MailMode, Smtp, SmtpTls};
use storefront_api::workload::{SecretKeyRef, SecretName};
use storefront_api::{Storefront, StorefrontSpec};

use crate::context::BuildContext;
use crate::settings::{self, Settings};
use crate::{InstallationDefaults, ObservedState};

/// Returns the environment variables that the operator sets for any Storefront, by the arguments of
/// the process: `catalog serve`, `catalog provision`, `catalog migrate`, `gateway serve`, `inbox`,
/// `seed`.
///
/// A test compares them with the arguments that the shop binary accepts. They do not include the
/// names that a Storefront adds by `spec.components.*.env`.
#[must_use]
pub fn environment_names() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut names = BTreeMap::<String, BTreeSet<&'static str>>::new();
    for spec in [managed(), external()] {
        let storefront = Storefront { metadata: metadata(), spec, status: None };
        let (observed, defaults) = (ObservedState::default(), empty_defaults());
        let context = BuildContext::new(&storefront, &observed, &defaults);
        for (process, settings) in processes(&context) {
            names.entry(process).or_default().extend(settings.names());
        }
    }
    names
}

fn processes(context: &BuildContext<'_>) -> Vec<(String, Settings)> {
    let serve =
        |component: Component| (format!("{component} serve"), settings::serve(context, component));
    let mut processes: Vec<(String, Settings)> = Component::ALL.into_iter().map(serve).collect();
    for (owner, database) in Component::with_database() {
        let provision = settings::provision(context, owner, database);
        processes.push((format!("{owner} provision"), provision));
        processes.push((format!("{owner} migrate"), settings::migrate(context, owner, database)));
    }
    if let Some(settings) = settings::seed(context) {
        processes.push(("seed".to_owned(), settings));
    }
    processes.push(("inbox".to_owned(), settings::inbox()));
    processes
}

/// The metadata that affect the environment.
fn metadata() -> ObjectMeta {
    let annotations = [(TAKE_OVER_ANNOTATION.to_owned(), "none".to_owned())];
    ObjectMeta {
        annotations: Some(annotations.into()),
        namespace: Some("shop".to_owned()),
        ..ObjectMeta::default()
    }
}

/// The specs of [`managed`] and [`external`] together use every field that affects the environment.
fn managed() -> StorefrontSpec {
    let mut spec = StorefrontSpec::with_version("0");
    let web = Origin("https://shop.example.com".to_owned());
    spec.gateway.cors_origins = vec![web.clone()];
    spec.gateway.trusted_proxies = vec!["10.0.0.0/8".into()];
    spec.gateway.admin = RouteExposure::Internal;
    spec.gateway.docs = RouteExposure::Off;
    spec.expose.urls.api = Some(web.clone());
    spec.expose.urls.web = Some(web.clone());
    spec.web.tagline = Some("Good things".to_owned());
    spec.web.support_email = Some("help@shop.example.com".to_owned());
    spec.web.image_origins = vec![web];
    spec.auth.admin_email = Some("admin@shop.example.com".to_owned());
    spec.mail.from = Some("orders@shop.example.com".to_owned());
    spec
}

fn external() -> StorefrontSpec {
    let secret_key = SecretKeyRef { name: "external".to_owned(), key: "key".to_owned() };
    let postgres = ExternalPostgres {
        host: "postgres.example.com".to_owned(),
        port: 5432,
        ssl_mode: SslMode::VerifyFull,
        admin_secret: SecretName { name: "external".to_owned() },
        ca_secret: Some(secret_key.clone()),
    };
    let mut spec = managed();
    spec.postgres =
        Postgres { mode: Mode::External, external: Some(postgres), ..Postgres::default() };
    spec.mail.mode = MailMode::Smtp;
    spec.mail.smtp = Some(Smtp {
        host: "smtp.example.com".to_owned(),
        port: 587,
        tls: SmtpTls::Starttls,
        credentials_secret: Some(SecretName { name: "external".to_owned() }),
    });
    spec.redis = Redis {
        mode: Mode::External,
        external: Some(ExternalRedis { url_secret: secret_key }),
        ..Redis::default()
    };
    spec
}

fn empty_defaults() -> InstallationDefaults {
    InstallationDefaults {
        shop_image: String::new(),
        postgres_image: String::new(),
        redis_image: String::new(),
        cluster_id: Some("cluster".to_owned()),
    }
}
