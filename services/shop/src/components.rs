//! The components that own a database, and how a component is told its settings.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use sqlx::migrate::Migrator;

use crate::{Error, one_line};

/// A component that owns a database. The names are those that the operator uses.
pub(crate) struct Owner {
    pub(crate) name: &'static str,
    pub(crate) database: &'static str,
    pub(crate) role: &'static str,
    pub(crate) migrations: &'static Migrator,
}

/// Accounts.
pub(crate) static USER: Owner =
    Owner { name: "user", database: "user_db", role: "user_owner", migrations: &user::MIGRATOR };

/// The catalog.
pub(crate) static CATALOG: Owner = Owner {
    name: "catalog",
    database: "catalog_db",
    role: "catalog_owner",
    migrations: &catalog::MIGRATOR,
};

/// Orders.
pub(crate) static ORDER: Owner = Owner {
    name: "order",
    database: "order_db",
    role: "order_owner",
    migrations: &order::MIGRATOR,
};

/// Payments.
pub(crate) static PAYMENT: Owner = Owner {
    name: "payment",
    database: "payment_db",
    role: "payment_owner",
    migrations: &payment::MIGRATOR,
};

/// Mail.
pub(crate) static NOTIFICATION: Owner = Owner {
    name: "notification",
    database: "notification_db",
    role: "notification_owner",
    migrations: &notification::MIGRATOR,
};

/// Shipments.
pub(crate) static SHIPPING: Owner = Owner {
    name: "shipping",
    database: "shipping_db",
    role: "shipping_owner",
    migrations: &shipping::MIGRATOR,
};

/// A component's settings, as the environment has them.
pub(crate) struct FromEnv<A> {
    pub(crate) args: A,
    matches: ArgMatches,
}

impl<A: clap::Args> FromEnv<A> {
    /// Reads the settings that `component` would have in a process of its own.
    pub(crate) fn read(component: &'static str) -> Result<Self, Error> {
        let wrong =
            |refusal: clap::Error| Error::Settings { component, reason: one_line(&refusal) };
        let command = A::augment_args(Command::new(component));
        let matches = command.try_get_matches_from([component]).map_err(wrong)?;
        let args = A::from_arg_matches(&matches).map_err(wrong)?;
        Ok(Self { args, matches })
    }

    /// Whether nobody set the setting with this id.
    pub(crate) fn is_default(&self, id: &str) -> bool {
        !matches!(
            self.matches.value_source(id),
            Some(ValueSource::EnvVariable | ValueSource::CommandLine)
        )
    }
}
