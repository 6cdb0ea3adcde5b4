//! The components of the shop. The crate `components` defines [`Component`] and the facts that the
//! services share. This module adds what only the operator needs: the rollout wave, the settings
//! and the secrets of each component.
//!
//! Everything that differs from component to component follows from these tables: the keys of
//! `spec.components`, names, Services, environment, databases, rollout order and readiness reasons.
//!
//! This module depends on no other module of this crate.

pub mod by_name;
mod secret;
mod setting;
mod wave;

pub use components::{
    Component, ComponentInfo, DATABASE_IN_USE_EXIT_CODE, Database, Listen, Protocol,
};
pub use secret::{GeneratedSecret, SecretDelivery, SecretSetting, secrets};
pub use setting::{Setting, settings};
pub use wave::{Wave, in_wave, wave};

/// The port on which every component serves `/livez`, `/readyz` and `/metrics`.
pub const ADMIN_PORT: u16 = 9090;
/// The environment variable for the address of the admin port.
pub const ADMIN_ENV: &str = "ADMIN_ADDR";
/// The environment variable for the log level.
pub const LOG_ENV: &str = "RUST_LOG";
/// The environment variable for the log format.
pub const LOG_FORMAT_ENV: &str = "LOG_FORMAT";
/// The environment variables for the connection to the component's database.
pub const DATABASE_ENV: [&str; 5] = [
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "DATABASE_PASSWORD",
    "DATABASE_PASSWORD_FILE",
    "DATABASE_CA_FILE",
];
/// The environment variables for the connection to Redis.
pub const REDIS_ENV: [&str; 4] =
    ["REDIS_URL", "REDIS_URL_FILE", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE"];
/// The environment variables for the connection to the mail server.
pub const MAIL_ENV: [&str; 6] =
    ["SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE"];

/// Returns every environment variable that the operator sets on a component. The validation rules
/// reject a Storefront that sets one of them.
#[must_use]
pub fn reserved_env(component: Component) -> Vec<&'static str> {
    let info = component.info();
    let mut names = vec![ADMIN_ENV, LOG_ENV, LOG_FORMAT_ENV, info.listen.env];
    if info.database.is_some() {
        names.extend(DATABASE_ENV);
    }
    if info.redis {
        names.extend(REDIS_ENV);
    }
    if info.mail {
        names.extend(MAIL_ENV);
    }
    names.extend(info.calls.iter().filter_map(|callee| callee.info().url_env));
    names.extend(settings(component).iter().map(|setting| setting.env()));
    for secret in secrets(component) {
        names.push(secret.env);
        if let SecretDelivery::Value { file_env } = secret.delivery {
            names.push(file_env);
        }
    }
    names
}

#[cfg(test)]
mod tests;
