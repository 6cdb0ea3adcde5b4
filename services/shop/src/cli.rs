//! The command line.

use std::io::Write as _;

use ::components::Component;
use clap::{Parser, Subcommand};
use kit::{BoxError, Runtime};

use crate::check::{self, Check};
use crate::components::{CATALOG, NOTIFICATION, ORDER, Owner, PAYMENT, SHIPPING, USER};
use crate::one::{Migrate, Provision, Serve};
use crate::{Error, all, known_env, one, seed};

/// A whole web shop. Each component runs in a process of its own, or all of them in one.
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
        task: OwnerTask<user::Args>,
    },
    /// Categories, products, search, stock and reservations
    Catalog {
        #[command(subcommand)]
        task: OwnerTask<catalog::Args>,
    },
    /// Carts
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
        task: OwnerTask<payment::Args>,
    },
    /// Mail to customers
    Notification {
        #[command(subcommand)]
        task: OwnerTask<notification::Args>,
    },
    /// Quotes, shipments and tracking
    Shipping {
        #[command(subcommand)]
        task: OwnerTask<shipping::Args>,
    },
    /// The REST API
    Gateway {
        #[command(subcommand)]
        task: ServeTask<gateway::Args>,
    },
    /// A mail catcher for trying out: SMTP in, a web page and JSON out
    Inbox(Box<Serve<inbox::Args>>),
    /// Every component in one process, without Kubernetes
    All(Box<all::Args>),
    /// Writes demonstration data; what is there stays as it is
    Seed(Box<seed::Args>),
    /// Prints the environment names that each command knows
    #[command(hide = true)]
    Settings,
}

/// What a component that owns a database can do.
#[derive(Debug, Subcommand)]
enum OwnerTask<A: clap::Args> {
    /// Serves until it is told to end
    Serve(Box<Serve<A>>),
    /// Makes the role and the database, as the server's administrator
    Provision(Box<Provision>),
    /// Brings the database to the version that this binary knows
    Migrate(Box<Migrate>),
}

/// What the owner of the orders can do.
#[derive(Debug, Subcommand)]
enum OrderTask {
    /// Serves until it is told to end
    Serve(Box<Serve<order::Args>>),
    /// Makes the role and the database, as the server's administrator
    Provision(Box<Provision>),
    /// Brings the database to the version that this binary knows
    Migrate(Box<Migrate>),
    /// Compares orders with what was paid, given back and shipped; fails when something disagrees
    Check(Box<Check>),
}

/// What a component without a database can do.
#[derive(Debug, Subcommand)]
enum ServeTask<A: clap::Args> {
    /// Serves until it is told to end
    Serve(Box<Serve<A>>),
}

impl Cli {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self.command {
            Command::User { task } => task.run(&USER, user::serve),
            Command::Catalog { task } => task.run(&CATALOG, catalog::serve),
            Command::Cart { task } => task.run(Component::Cart, cart::serve),
            Command::Order { task } => match task {
                OrderTask::Serve(args) => OwnerTask::Serve(args).run(&ORDER, order::serve),
                OrderTask::Provision(args) => one::provision(*args),
                OrderTask::Migrate(args) => one::migrate(&ORDER, *args),
                OrderTask::Check(args) => check::run(*args),
            },
            Command::Payment { task } => task.run(&PAYMENT, payment::serve),
            Command::Notification { task } => task.run(&NOTIFICATION, notification::serve),
            Command::Shipping { task } => task.run(&SHIPPING, shipping::serve),
            Command::Gateway { task } => task.run(Component::Gateway, gateway::serve),
            Command::Inbox(serve) => one::serve("inbox", *serve, inbox::serve),
            Command::All(args) => all::run(*args),
            Command::Seed(args) => seed::run(*args),
            Command::Settings => print_settings(),
        }
    }
}

impl<A: clap::Args> OwnerTask<A> {
    fn run<F, E>(self, owner: &Owner, serve: fn(A, Runtime) -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        match self {
            Self::Serve(args) => one::serve(owner.name, *args, serve),
            Self::Provision(provision) => one::provision(*provision),
            Self::Migrate(migrate) => one::migrate(owner, *migrate),
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
        one::serve(component.name(), *args, serve)
    }
}

/// A line for each command and name, apart by a tab.
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
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_tells_its_settings() {
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
            ("inbox", "INBOX_LISTEN"),
            ("all", "SEED_DEMO_DATA"),
            ("seed", "DATABASE_URL"),
        ] {
            assert!(known[command].contains(name), "{command} knows {:?}", known[command]);
        }
    }

    #[test]
    fn every_setting_has_an_environment_name() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let ours = !matches!(id, "help" | "version");
                assert!(!ours || argument.get_env().is_some(), "{}: {id}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
