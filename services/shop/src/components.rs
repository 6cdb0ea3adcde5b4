//! The components that own a database, and the settings of a component from the environment.

use ::components::{Component, Database};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use sqlx::migrate::Migrator;

use crate::{Error, one_line};

/// A component that owns a database.
pub(crate) struct DatabaseComponent {
    pub(crate) component: Component,
    pub(crate) database: Database,
    pub(crate) migrations: &'static Migrator,
}

impl DatabaseComponent {
    #[expect(clippy::panic, reason = "evaluated by the compiler, for the components below")]
    const fn new(component: Component, migrations: &'static Migrator) -> Self {
        let Some(database) = component.info().database else {
            panic!("the component owns no database")
        };
        Self { component, database, migrations }
    }
}

/// Accounts.
pub(crate) static USER: DatabaseComponent =
    DatabaseComponent::new(Component::User, &user::MIGRATOR);

/// The catalog.
pub(crate) static CATALOG: DatabaseComponent =
    DatabaseComponent::new(Component::Catalog, &catalog::MIGRATOR);

/// Orders.
pub(crate) static ORDER: DatabaseComponent =
    DatabaseComponent::new(Component::Order, &order::MIGRATOR);

/// Payments.
pub(crate) static PAYMENT: DatabaseComponent =
    DatabaseComponent::new(Component::Payment, &payment::MIGRATOR);

/// Mail.
pub(crate) static NOTIFICATION: DatabaseComponent =
    DatabaseComponent::new(Component::Notification, &notification::MIGRATOR);

/// Shipments.
pub(crate) static SHIPPING: DatabaseComponent =
    DatabaseComponent::new(Component::Shipping, &shipping::MIGRATOR);

/// The settings of a component, read from the environment.
pub(crate) struct EnvSettings<A> {
    pub(crate) args: A,
    matches: ArgMatches,
}

impl<A: clap::Args> EnvSettings<A> {
    /// Reads the settings that `component` would have in a process of its own.
    pub(crate) fn read(component: &'static str) -> Result<Self, Error> {
        let invalid = |error: clap::Error| Error::Settings { component, reason: one_line(&error) };
        let command = A::augment_args(Command::new(component));
        let matches = command.try_get_matches_from([component]).map_err(invalid)?;
        let args = A::from_arg_matches(&matches).map_err(invalid)?;
        Ok(Self { args, matches })
    }

    /// Returns whether the setting with this id has its default value because it was not set.
    pub(crate) fn is_default(&self, id: &str) -> bool {
        !matches!(
            self.matches.value_source(id),
            Some(ValueSource::EnvVariable | ValueSource::CommandLine)
        )
    }
}
