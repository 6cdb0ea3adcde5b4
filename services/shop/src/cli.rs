//! The command line of the program.

use std::io::Write as _;

use ::components::Component;
use clap::{Parser, Subcommand};
use kit::{BoxError, Runtime};

use crate::check::{self, CheckArgs};
use crate::components::{CATALOG, DatabaseComponent, NOTIFICATION, ORDER, PAYMENT, SHIPPING, USER};
use crate::single::{MigrateArgs, ProvisionArgs, ServeArgs};
use crate::{Error, all, known_env, seed, single};

/// A complete web shop. Each component runs in a process of its own, or all in one process.
#[derive(Debug, Parser)]
#[command(name = "shop", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Accounts: sign-in, tokens, profiles, addresses and wishlists
    User {
        #[command(subcommand)]
        task: DatabaseTask<user::Args>,
    },
    /// Categories, products, search, stock and reservations
    Catalog {
        #[command(subcommand)]
        task: DatabaseTask<catalog::Args>,
    },
    /// Shopping carts
    Cart {
        #[command(subcommand)]
        task: ServeTask<cart::Args>,
    },
    /// Checkout, orders and their history
    Order {
        #[command(subcommand)]
        task: OrderTask,
    },
    /// Payment methods and money movements
    Payment {
        #[command(subcommand)]
        task: DatabaseTask<payment::Args>,
    },
    /// Mail to customers
    Notification {
        #[command(subcommand)]
        task: DatabaseTask<notification::Args>,
    },
    /// Shipping rates, shipments and tracking
    Shipping {
        #[command(subcommand)]
        task: DatabaseTask<shipping::Args>,
    },
    /// The REST API
    Gateway {
        #[command(subcommand)]
        task: ServeTask<gateway::Args>,
    },
    /// The web shop: pages for shoppers
    Web {
        #[command(subcommand)]
        task: ServeTask<web::Args>,
    },
    /// Mail catcher for development: receives by SMTP, serves a web page and JSON
    Inbox(Box<ServeArgs<inbox::Args>>),
    /// Runs every component in one process, without Kubernetes
    #[command(mut_arg("admin_addr", |admin| admin.default_value(all::DEFAULT_ADMIN_ADDR)))]
    All(Box<all::Args>),
    /// Writes demonstration data that is missing; existing data is not changed
    Seed(Box<seed::Args>),
    /// Prints the environment variables that each command reads
    #[command(hide = true)]
    Settings,
}

/// The subcommands of a component that owns a database.
#[derive(Debug, Subcommand)]
enum DatabaseTask<A: clap::Args> {
    /// Serves until the process receives SIGTERM or SIGINT
    Serve(Box<ServeArgs<A>>),
    /// Creates the role and the database, as the administrator of the server
    Provision(Box<ProvisionArgs>),
    /// Migrates the database to the schema version of this binary
    Migrate(Box<MigrateArgs>),
}

/// The subcommands of the order component.
#[derive(Debug, Subcommand)]
enum OrderTask {
    /// Serves until the process receives SIGTERM or SIGINT
    Serve(Box<ServeArgs<order::Args>>),
    /// Creates the role and the database, as the administrator of the server
    Provision(Box<ProvisionArgs>),
    /// Migrates the database to the schema version of this binary
    Migrate(Box<MigrateArgs>),
    /// Compares orders with payments, refunds and shipments; fails on a mismatch
    Check(Box<CheckArgs>),
}

/// The subcommands of a component without a database.
#[derive(Debug, Subcommand)]
enum ServeTask<A: clap::Args> {
    /// Serves until the process receives SIGTERM or SIGINT
    Serve(Box<ServeArgs<A>>),
}

impl Cli {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self.command {
            Command::User { task } => task.run(&USER, user::serve),
            Command::Catalog { task } => task.run(&CATALOG, catalog::serve),
            Command::Cart { task } => task.run(Component::Cart, cart::serve),
            Command::Order { task } => match task {
                OrderTask::Serve(args) => DatabaseTask::Serve(args).run(&ORDER, order::serve),
                OrderTask::Provision(args) => single::provision(*args),
                OrderTask::Migrate(args) => single::migrate(&ORDER, *args),
                OrderTask::Check(args) => check::run(*args),
            },
            Command::Payment { task } => task.run(&PAYMENT, payment::serve),
            Command::Notification { task } => task.run(&NOTIFICATION, notification::serve),
            Command::Shipping { task } => task.run(&SHIPPING, shipping::serve),
            Command::Gateway { task } => task.run(Component::Gateway, gateway::serve),
            Command::Web { task } => task.run(Component::Web, web::serve),
            Command::Inbox(serve) => single::serve("inbox", *serve, inbox::serve),
            Command::All(args) => all::run(*args),
            Command::Seed(args) => seed::run(*args),
            Command::Settings => print_settings(),
        }
    }
}

impl<A: clap::Args> DatabaseTask<A> {
    fn run<F, E>(self, owner: &DatabaseComponent, serve: fn(A, Runtime) -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        match self {
            Self::Serve(args) => single::serve(owner.component.name(), *args, serve),
            Self::Provision(provision) => single::provision(*provision),
            Self::Migrate(migrate) => single::migrate(owner, *migrate),
        }
    }
}

impl<A: clap::Args> ServeTask<A> {
    fn run<F, E>(self, component: Component, serve: fn(A, Runtime) -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let Self::Serve(args) = self;
        single::serve(component.name(), *args, serve)
    }
}

/// Prints a line for each command and environment variable, separated by a tab.
fn print_settings() -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    for (command, names) in known_env() {
        for name in names {
            writeln!(out, "{command}\t{name}").map_err(Error::Print)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn known_env_lists_the_settings_of_every_command() {
        let known = known_env();
        for (command, name) in [
            ("catalog serve", "CATALOG_LISTEN"),
            ("catalog serve", "DATABASE_URL"),
            ("catalog serve", "ADMIN_ADDR"),
            ("catalog provision", "RUST_LOG"),
            ("catalog migrate", "DATABASE_URL"),
            ("user serve", "JWT_SIGNING_KEYS"),
            ("cart serve", "REDIS_URL"),
            ("order serve", "CHECKOUT_WAIT"),
            ("order check", "DATABASE_URL"),
            ("payment serve", "FINGERPRINT_KEY_FILE"),
            ("notification serve", "SMTP_HOST"),
            ("shipping migrate", "DATABASE_PASSWORD"),
            ("gateway serve", "RATE_LIMIT_PER_MINUTE"),
            ("web serve", "SHOP_NAME"),
            ("inbox", "INBOX_LISTEN"),
            ("all", "SEED_DEMO_DATA"),
            ("seed", "DATABASE_URL"),
        ] {
            assert!(known[command].contains(name), "{command} reads {:?}", known[command]);
        }
    }

    #[test]
    fn listeners_are_dual_stack_and_those_of_all_on_loopback() {
        let cli = Cli::command();
        let mut commands = vec![&cli];
        let mut listeners = 0;
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands());
            let host = if command.get_name() == "all" { "127.0.0.1:" } else { "[::]:" };
            for argument in command.get_arguments() {
                let env = argument.get_env().unwrap_or_default().to_string_lossy();
                if env == "ADMIN_ADDR" || env.ends_with("_LISTEN") {
                    let default = argument.get_default_values()[0].to_string_lossy();
                    assert!(default.starts_with(host), "{}: {default}", command.get_name());
                    listeners += 1;
                }
            }
        }
        assert!(listeners > 20, "{listeners}");
    }

    #[test]
    fn every_setting_has_an_environment_variable() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let is_setting = !matches!(id, "help" | "version");
                assert!(
                    !is_setting || argument.get_env().is_some(),
                    "{}: {id}",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
