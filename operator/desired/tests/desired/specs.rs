//! Specs for the tests.

use storefront_api::StorefrontSpec;
use storefront_api::component::Component;
use storefront_api::datastores::{ExternalPostgres, ExternalRedis, Mode, SslMode};
use storefront_api::exposure::{ExposeType, NodePorts, Origin};
use storefront_api::quantity::Quantity;
use storefront_api::services::{MailMode, Smtp, SmtpTls};
use storefront_api::spec::Profile;
use storefront_api::workload::{
    Amounts, ComponentSpec, EnvVar, LogLevel, Resources, SecretKeyRef, SecretName,
};

/// Returns a spec with only the required field.
pub(crate) fn minimal() -> StorefrontSpec {
    StorefrontSpec::with_version("0.1.0")
}

/// Returns a spec with profile Dev, demonstration data and node ports.
pub(crate) fn dev() -> StorefrontSpec {
    let mut spec = minimal();
    spec.profile = Profile::Dev;
    spec.demo_data = true;
    spec.expose.kind = ExposeType::NodePort;
    spec.expose.node_ports =
        Some(NodePorts { gateway: Some(30_080), web: Some(30_300), inbox: Some(30_825) });
    spec.expose.urls.web = Some(Origin("http://localhost:3000".to_owned()));
    spec.auth.admin_email = Some("admin@shop.example.com".to_owned());
    spec
}

/// Returns a spec with profile Production, external datastores and most other fields.
pub(crate) fn production() -> StorefrontSpec {
    let mut spec = external();
    spec.profile = Profile::Production;
    spec.auth.access_token_ttl = "5m".to_owned();
    spec.expose.urls.web = Some(Origin("https://shop.example.com".to_owned()));
    spec.image.registry = Some("registry.example.com".to_owned());
    spec.image.pull_secrets = vec![SecretName { name: "registry".to_owned() }];
    spec.components.0.insert(
        Component::Catalog,
        ComponentSpec {
            replicas: Some(3),
            image: Some("registry.example.com/catalog:patched".to_owned()),
            resources: Some(Resources {
                requests: Some(Amounts { cpu: None, memory: Some(Quantity::from("96Mi")) }),
                limits: None,
            }),
            env: vec![
                EnvVar {
                    name: "DATABASE_MAX_CONNECTIONS".to_owned(),
                    value: Some("8".to_owned()),
                    secret: None,
                },
                EnvVar {
                    name: "OTEL_EXPORTER_OTLP_HEADERS".to_owned(),
                    value: None,
                    secret: Some(key("telemetry", "headers")),
                },
            ],
            log_level: Some(LogLevel::Debug),
            ..ComponentSpec::default()
        },
    );
    spec.web.tagline = Some("Good things".to_owned());
    spec.web.support_email = Some("help@shop.example.com".to_owned());
    spec.web.image_origins = vec![Origin("https://images.example.com".to_owned())];
    spec
}

/// Returns a spec with external datastores and an external mail server.
pub(crate) fn external() -> StorefrontSpec {
    let mut spec = minimal();
    spec.postgres.mode = Mode::External;
    spec.postgres.external = Some(ExternalPostgres {
        host: "pg.example.com".to_owned(),
        port: 6432,
        ssl_mode: SslMode::VerifyFull,
        admin_secret: SecretName { name: "pg-admin".to_owned() },
        ca_secret: Some(key("pg-ca", "bundle.pem")),
    });
    spec.redis.mode = Mode::External;
    spec.redis.external = Some(ExternalRedis { url_secret: key("redis-url", "url") });
    smtp(&mut spec);
    spec
}

/// Sets an external mail server.
pub(crate) fn smtp(spec: &mut StorefrontSpec) {
    spec.mail.mode = MailMode::Smtp;
    spec.mail.from = Some("Shop <orders@shop.example.com>".to_owned());
    spec.mail.smtp = Some(Smtp {
        host: "smtp.example.com".to_owned(),
        port: 465,
        tls: SmtpTls::Tls,
        credentials_secret: Some(SecretName { name: "smtp".to_owned() }),
    });
}

pub(crate) fn key(name: &str, key: &str) -> SecretKeyRef {
    SecretKeyRef { name: name.to_owned(), key: key.to_owned() }
}
