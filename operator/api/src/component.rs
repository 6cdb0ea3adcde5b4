//! The table of the shop's components: what each one is, owns, needs and is told.
//!
//! It drives everything that is different from component to component: the keys of
//! `spec.components`, names, Services, environment, databases, rollout order and readiness reasons.
//! A new component is a new variant of [`Component`] with its row in [`Component::row`], and a place
//! in [`Component::ALL`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::profile;
use crate::spec::StorefrontSpec;

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
    /// Categories, products, search, stock and reservations.
    Catalog,
    /// The REST API in front of all services.
    Gateway,
}

/// What the operator knows of a component.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in `spec.components`, in object names and on the command line of `shop`.
    pub name: &'static str,
    /// Where it listens.
    pub listen: Listen,
    /// The setting by which its callers are told where it is; `None` if no component calls it.
    pub url_env: Option<&'static str>,
    /// Its database, if it owns one.
    pub database: Option<Database>,
    /// The components it calls.
    pub calls: &'static [Component],
    /// Whether it uses Redis.
    pub redis: bool,
    /// When it follows in a rollout.
    pub wave: Wave,
    /// What the Storefront tells it besides.
    pub settings: &'static [Setting],
}

/// Where a component listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What it speaks there.
    pub protocol: Protocol,
    /// The port, which is the same on its pods and its Service.
    pub port: u16,
    /// The setting that tells it the address to listen on.
    pub env: &'static str,
}

/// What a component speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC. Callers balance over the pods themselves, so its Service is headless.
    Grpc,
    /// HTTP/1.1 and h2c, balanced by the Service.
    Http,
}

impl Protocol {
    /// The name of the port on containers and Services.
    #[must_use]
    pub const fn port_name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

/// A component's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// The database's name.
    pub name: &'static str,
    /// The role that owns it and as which the component connects.
    pub role: &'static str,
}

/// The order of a rollout: a wave starts when the one before it has come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wave {
    /// Services that others stand on.
    Services,
    /// The checkout, which calls most services.
    Checkout,
    /// The REST API in front of all services.
    Gateway,
    /// The web shop.
    Web,
}

impl Wave {
    /// Every wave, first to last.
    pub const ALL: [Self; 4] = [Self::Services, Self::Checkout, Self::Gateway, Self::Web];
}

/// A setting that comes from a field of the Storefront.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name of the environment variable.
    pub env: &'static str,
    /// Its value; `None` leaves it to the component's own default.
    pub value: fn(&StorefrontSpec) -> Option<String>,
}

impl Component {
    /// Every component, in the order in which people read them.
    pub const ALL: [Self; 2] = [Self::Catalog, Self::Gateway];

    /// What is known of it: the table itself.
    #[must_use]
    pub const fn row(self) -> Row {
        match self {
            Self::Catalog => Row {
                name: "catalog",
                listen: Listen { protocol: Protocol::Grpc, port: 50052, env: "CATALOG_LISTEN" },
                url_env: Some("CATALOG_URL"),
                database: Some(Database { name: "catalog_db", role: "catalog_owner" }),
                calls: &[],
                redis: false,
                wave: Wave::Services,
                settings: &[Setting { env: "CURRENCY", value: profile::currency }],
            },
            Self::Gateway => Row {
                name: "gateway",
                listen: Listen { protocol: Protocol::Http, port: 8080, env: "GATEWAY_LISTEN" },
                url_env: Some("GATEWAY_URL"),
                database: None,
                calls: &[Self::Catalog],
                redis: true,
                wave: Wave::Gateway,
                settings: &[
                    Setting { env: "CORS_ORIGINS", value: profile::cors_origins },
                    Setting { env: "RATE_LIMIT_PER_MINUTE", value: profile::requests_per_minute },
                    Setting { env: "RATE_LIMIT_BURST", value: profile::burst },
                ],
            },
        }
    }

    /// Its name, as in [`Row::name`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The component of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// The components that roll out in this wave.
    pub fn of_wave(wave: Wave) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |component| component.row().wave == wave)
    }

    /// The components that own a database, with it.
    pub fn with_database() -> impl Iterator<Item = (Self, Database)> {
        Self::ALL
            .into_iter()
            .filter_map(|component| component.row().database.map(|database| (component, database)))
    }

    /// Every environment variable that the operator sets on it, and nobody else may.
    #[must_use]
    pub fn reserved_env(self) -> Vec<&'static str> {
        let row = self.row();
        let mut names = vec![ADMIN_ENV, LOG_ENV, LOG_FORMAT_ENV, row.listen.env];
        if row.database.is_some() {
            names.extend(DATABASE_ENV);
        }
        if row.redis {
            names.extend(REDIS_ENV);
        }
        names.extend(row.calls.iter().filter_map(|callee| callee.row().url_env));
        names.extend(row.settings.iter().map(|setting| setting.env));
        names
    }
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `name` is what people write and `Deserialize` is what reads it.
    #[test]
    fn a_component_is_written_as_it_is_named() {
        for component in Component::ALL {
            let json = serde_json::to_value(component).unwrap();
            assert_eq!(json, component.name());
            assert_eq!(Component::by_name(component.name()), Some(component));
        }
    }

    #[test]
    fn nothing_is_shared_that_has_to_be_its_own() {
        let rows = Component::ALL.map(Component::row);
        let ports: BTreeSet<u16> = rows.iter().map(|row| row.listen.port).collect();
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
        let databases: BTreeSet<&str> =
            rows.iter().filter_map(|row| row.database).map(|database| database.name).collect();
        assert_eq!(ports.len(), rows.len());
        assert_eq!(names.len(), rows.len());
        assert_eq!(databases.len(), Component::with_database().count());
        assert!(!ports.contains(&ADMIN_PORT));
    }

    /// A rollout goes wave by wave, so whoever is called must not come up after its caller.
    #[test]
    fn callees_come_up_before_their_callers_and_can_be_named_to_them() {
        for component in Component::ALL {
            for callee in component.row().calls {
                assert_ne!(*callee, component);
                assert!(callee.row().wave <= component.row().wave, "{component} calls {callee}");
                assert!(callee.row().url_env.is_some(), "{component} calls {callee}");
            }
        }
    }

    #[test]
    fn every_component_is_in_exactly_one_wave() {
        let in_waves: Vec<Component> = Wave::ALL.into_iter().flat_map(Component::of_wave).collect();
        let distinct: BTreeSet<Component> = in_waves.iter().copied().collect();
        assert_eq!(in_waves.len(), Component::ALL.len());
        assert_eq!(distinct, BTreeSet::from(Component::ALL));
    }
}
