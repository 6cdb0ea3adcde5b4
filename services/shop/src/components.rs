//! The components that own a database, and how a component is told its settings.

use ::components::{Component, Database};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use sqlx::migrate::Migrator;

use crate::{Error, one_line};

/// A component that owns a database.
pub(crate) struct Owner {
    pub(crate) name: &'static str,
    pub(crate) database: &'static str,
    pub(crate) role: &'static str,
    pub(crate) migrations: &'static Migrator,
}

impl Owner {
    #[expect(clippy::panic, reason = "evaluated by the compiler, for the owners below")]
    const fn new(component: Component, migrations: &'static Migrator) -> Self {
        let Some(Database { name: database, role }) = component.info().database else {
            panic!("the component owns no database")
        };
        Self { name: component.name(), database, role, migrations }
    }
}

/// Accounts.
pub(crate) static USER: Owner = Owner::new(Component::User, &user::MIGRATOR);

/// The catalog.
pub(crate) static CATALOG: Owner = Owner::new(Component::Catalog, &catalog::MIGRATOR);

/// Orders.
pub(crate) static ORDER: Owner = Owner::new(Component::Order, &order::MIGRATOR);

/// Payments.
pub(crate) static PAYMENT: Owner = Owner::new(Component::Payment, &payment::MIGRATOR);

/// Mail.
pub(crate) static NOTIFICATION: Owner =
    Owner::new(Component::Notification, &notification::MIGRATOR);

/// Shipments.
pub(crate) static SHIPPING: Owner = Owner::new(Component::Shipping, &shipping::MIGRATOR);

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
