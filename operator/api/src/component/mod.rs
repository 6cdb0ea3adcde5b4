//! The table of the shop's components: what each one is, owns, needs and is told.
//!
//! It drives everything that is different from component to component: the keys of
//! `spec.components`, names, Services, environment, databases, rollout order and readiness reasons.
//! A new component is a new variant of [`Component`] with its row, and a place in
//! [`Component::info`] and [`Component::ALL`].

mod info;
mod secret;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use info::{ComponentInfo, Database, Listen, Protocol, SecretSetting, Setting, Wave};
pub use secret::{GeneratedSecret, SecretDelivery};

use crate::settings;

/// The port on which every component answers `/livez`, `/readyz` and `/metrics`.
pub const ADMIN_PORT: u16 = 9090;
/// The setting that tells a component its admin address.
pub const ADMIN_ENV: &str = "ADMIN_ADDR";
/// The setting that tells a component how much to log.
pub const LOG_ENV: &str = "RUST_LOG";
/// The setting that tells a component in which form to log.
pub const LOG_FORMAT_ENV: &str = "LOG_FORMAT";
/// The settings that tell a component its database.
pub const DATABASE_ENV: [&str; 5] = [
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "DATABASE_PASSWORD",
    "DATABASE_PASSWORD_FILE",
    "DATABASE_CA_FILE",
];
/// The settings that tell a component its Redis.
pub const REDIS_ENV: [&str; 4] =
    ["REDIS_URL", "REDIS_URL_FILE", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE"];
/// The settings that tell a component its mail server.
pub const MAIL_ENV: [&str; 6] =
    ["SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_PASSWORD_FILE"];

const CURRENCY: Setting = Setting { env: "CURRENCY", value: settings::currency };

/// One part of the shop: a Deployment of its own.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// Accounts, sign-in, profiles and addresses.
    User,
    /// Categories, products, search, stock and reservations.
    Catalog,
    /// What shoppers are about to buy.
    Cart,
    /// The checkout: orders, from the cart to the parcel.
    Order,
    /// Authorisations, captures and refunds.
    Payment,
    /// Rates, shipments and where they are.
    Shipping,
    /// Mails.
    Notification,
    /// The REST API in front of all services.
    Gateway,
}

const USER: ComponentInfo = ComponentInfo {
    name: "user",
    listen: Listen { protocol: Protocol::Grpc, port: 50051, env: "USER_LISTEN" },
    url_env: Some("USER_URL"),
    database: Some(Database { name: "user_db", role: "user_owner" }),
    calls: &[Component::Notification],
    redis: false,
    mail: false,
    wave: Wave::Services,
    settings: &[
        Setting { env: "ACCESS_TOKEN_TTL", value: settings::access_token_ttl },
        Setting { env: "REFRESH_TOKEN_TTL", value: settings::refresh_token_ttl },
        Setting { env: "ADMIN_EMAIL", value: settings::admin_email },
    ],
    secrets: &[
        SecretSetting {
            env: "JWT_SIGNING_KEYS",
            secret: GeneratedSecret::SigningKeys,
            key: "signing.json",
            delivery: SecretDelivery::File,
        },
        SecretSetting {
            env: "ADMIN_PASSWORD",
            secret: GeneratedSecret::AdminPassword,
            key: "password",
            delivery: SecretDelivery::Value { file_env: "ADMIN_PASSWORD_FILE" },
        },
    ],
};

const CATALOG: ComponentInfo = ComponentInfo {
    name: "catalog",
    listen: Listen { protocol: Protocol::Grpc, port: 50052, env: "CATALOG_LISTEN" },
    url_env: Some("CATALOG_URL"),
    database: Some(Database { name: "catalog_db", role: "catalog_owner" }),
    calls: &[],
    redis: false,
    mail: false,
    wave: Wave::Services,
    settings: &[CURRENCY],
    secrets: &[],
};

const CART: ComponentInfo = ComponentInfo {
    name: "cart",
    listen: Listen { protocol: Protocol::Grpc, port: 50053, env: "CART_LISTEN" },
    url_env: Some("CART_URL"),
    database: None,
    calls: &[Component::Catalog],
    redis: true,
    mail: false,
    wave: Wave::Services,
    settings: &[CURRENCY],
    secrets: &[],
};

const ORDER: ComponentInfo = ComponentInfo {
    name: "order",
    listen: Listen { protocol: Protocol::Grpc, port: 50055, env: "ORDER_LISTEN" },
    url_env: Some("ORDER_URL"),
    database: Some(Database { name: "order_db", role: "order_owner" }),
    calls: &[
        Component::User,
        Component::Catalog,
        Component::Cart,
        Component::Payment,
        Component::Shipping,
        Component::Notification,
    ],
    redis: false,
    mail: false,
    wave: Wave::Checkout,
    settings: &[CURRENCY],
    secrets: &[],
};

const PAYMENT: ComponentInfo = ComponentInfo {
    name: "payment",
    listen: Listen { protocol: Protocol::Grpc, port: 50056, env: "PAYMENT_LISTEN" },
    url_env: Some("PAYMENT_URL"),
    database: Some(Database { name: "payment_db", role: "payment_owner" }),
    calls: &[],
    redis: false,
    mail: false,
    wave: Wave::Services,
    settings: &[CURRENCY, Setting { env: "PAYMENT_PROVIDER", value: settings::payment_provider }],
    secrets: &[SecretSetting {
        env: "FINGERPRINT_KEY",
        secret: GeneratedSecret::FingerprintKey,
        key: "key",
        delivery: SecretDelivery::Value { file_env: "FINGERPRINT_KEY_FILE" },
    }],
};

const SHIPPING: ComponentInfo = ComponentInfo {
    name: "shipping",
    listen: Listen { protocol: Protocol::Grpc, port: 50058, env: "SHIPPING_LISTEN" },
    url_env: Some("SHIPPING_URL"),
    database: Some(Database { name: "shipping_db", role: "shipping_owner" }),
    calls: &[],
    redis: false,
    mail: false,
    wave: Wave::Services,
    settings: &[CURRENCY],
    secrets: &[],
};

const NOTIFICATION: ComponentInfo = ComponentInfo {
    name: "notification",
    listen: Listen { protocol: Protocol::Grpc, port: 50057, env: "NOTIFICATION_LISTEN" },
    url_env: Some("NOTIFICATION_URL"),
    database: Some(Database { name: "notification_db", role: "notification_owner" }),
    calls: &[],
    redis: false,
    mail: true,
    wave: Wave::Services,
    settings: &[
        Setting { env: "MAIL_FROM", value: settings::mail_from },
        Setting { env: "WEB_URL", value: settings::web_url },
    ],
    secrets: &[],
};

const GATEWAY: ComponentInfo = ComponentInfo {
    name: "gateway",
    listen: Listen { protocol: Protocol::Http, port: 8080, env: "GATEWAY_LISTEN" },
    url_env: Some("GATEWAY_URL"),
    database: None,
    calls: &[
        Component::User,
        Component::Catalog,
        Component::Cart,
        Component::Order,
        Component::Payment,
        Component::Shipping,
        Component::Notification,
    ],
    redis: true,
    mail: false,
    wave: Wave::Gateway,
    settings: &[
        Setting { env: "CORS_ORIGINS", value: settings::cors_origins },
        Setting { env: "RATE_LIMIT_PER_MINUTE", value: settings::requests_per_minute },
        Setting { env: "RATE_LIMIT_BURST", value: settings::burst },
    ],
    secrets: &[SecretSetting {
        env: "JWT_PUBLIC_KEYS",
        secret: GeneratedSecret::SigningKeys,
        key: "public.json",
        delivery: SecretDelivery::File,
    }],
};

impl Component {
    /// Every component, in the order in which people read them.
    pub const ALL: [Self; 8] = [
        Self::User,
        Self::Catalog,
        Self::Cart,
        Self::Order,
        Self::Payment,
        Self::Shipping,
        Self::Notification,
        Self::Gateway,
    ];

    /// What is known of it: the table itself.
    #[must_use]
    pub const fn info(self) -> ComponentInfo {
        match self {
            Self::User => USER,
            Self::Catalog => CATALOG,
            Self::Cart => CART,
            Self::Order => ORDER,
            Self::Payment => PAYMENT,
            Self::Shipping => SHIPPING,
            Self::Notification => NOTIFICATION,
            Self::Gateway => GATEWAY,
        }
    }

    /// Its name, as in [`ComponentInfo::name`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The component of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// The components that roll out in this wave.
    pub fn in_wave(wave: Wave) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |component| component.info().wave == wave)
    }

    /// The components that own a database, with it.
    pub fn with_database() -> impl Iterator<Item = (Self, Database)> {
        Self::ALL
            .into_iter()
            .filter_map(|component| component.info().database.map(|database| (component, database)))
    }

    /// Every environment variable that the operator sets on it, and nobody else may.
    #[must_use]
    pub fn reserved_env(self) -> Vec<&'static str> {
        let info = self.info();
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
        names.extend(info.settings.iter().map(|setting| setting.env));
        for secret in info.secrets {
            names.push(secret.env);
            if let SecretDelivery::Value { file_env } = secret.delivery {
                names.push(file_env);
            }
        }
        names
    }
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
