//! The names of everything that the shop's processes are told.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::ObjectMeta;
use storefront_api::component::Component;
use storefront_api::datastores::{ExternalPostgres, ExternalRedis, Mode, Postgres, Redis, SslMode};
use storefront_api::exposure::Origin;
use storefront_api::services::{MailMode, Smtp, SmtpTls};
use storefront_api::workload::{SecretKeyRef, SecretName};
use storefront_api::{Storefront, StorefrontSpec};

use crate::context::BuildContext;
use crate::settings::{self, Settings};
use crate::{InstallationDefaults, ObservedState};

/// Every environment variable that is set for any Storefront, by the arguments of the process that
/// gets it: `catalog serve`, `catalog provision`, `catalog migrate`, `gateway serve`, `inbox`,
/// `seed`.
///
/// The shop's own arguments are to know each of them. Names that a Storefront adds by
/// `spec.components.*.env` are not among them.
#[must_use]
pub fn environment_names() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut names = BTreeMap::<String, BTreeSet<&'static str>>::new();
    for spec in [managed(), external()] {
        let storefront = Storefront { metadata: ObjectMeta::default(), spec, status: None };
        let (observed, defaults) = (ObservedState::default(), nothing());
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

/// Between them, these two make use of every field that ends in a setting.
fn managed() -> StorefrontSpec {
    let mut spec = StorefrontSpec::with_version("0");
    let web = Origin("https://shop.example.com".to_owned());
    spec.gateway.cors_origins = vec![web.clone()];
    spec.expose.urls.web = Some(web);
    spec.auth.admin_email = Some("admin@shop.example.com".to_owned());
    spec.mail.from = Some("orders@shop.example.com".to_owned());
    spec
}

fn external() -> StorefrontSpec {
    let place = SecretKeyRef { name: "theirs".to_owned(), key: "key".to_owned() };
    let postgres = ExternalPostgres {
        host: "postgres.example.com".to_owned(),
        port: 5432,
        ssl_mode: SslMode::VerifyFull,
        admin_secret: SecretName { name: "theirs".to_owned() },
        ca_secret: Some(place.clone()),
    };
    let mut spec = managed();
    spec.postgres =
        Postgres { mode: Mode::External, external: Some(postgres), ..Postgres::default() };
    spec.mail.mode = MailMode::Smtp;
    spec.mail.smtp = Some(Smtp {
        host: "smtp.example.com".to_owned(),
        port: 587,
        tls: SmtpTls::Starttls,
        credentials_secret: Some(SecretName { name: "theirs".to_owned() }),
    });
    spec.redis = Redis {
        mode: Mode::External,
        external: Some(ExternalRedis { url_secret: place }),
        ..Redis::default()
    };
    spec
}

fn nothing() -> InstallationDefaults {
    InstallationDefaults {
        shop_image: String::new(),
        postgres_image: String::new(),
        redis_image: String::new(),
    }
}
