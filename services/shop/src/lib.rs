//! The `shop` binary, which contains every component of the shop, as a library for tests.
//!
//! A component of the shop is a function `serve(args, runtime)` in a crate of its own. This crate
//! runs each of them in its own process, as in a cluster (`shop catalog serve`), or all of them in
//! one process (`shop all`): the same code on the same ports, without Kubernetes. With
//! `--embedded`, `shop all` also starts the PostgreSQL and Redis servers.

mod all;
mod check;
mod cli;
mod components;
mod error;
mod provisioning;
mod reference;
mod seed;
mod single;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

pub use error::Error;
pub use reference::reference;

/// Runs the command line `argv`. An error is reported in one line on standard error.
pub fn main(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) => return report_usage_error(&error),
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop: {}", error_chain(&error));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Returns the environment variables that each command reads, by command, such as
/// `catalog serve`.
#[must_use]
pub fn known_env() -> BTreeMap<String, BTreeSet<String>> {
    let mut known = BTreeMap::new();
    collect_env(&cli::Cli::command(), "", &mut known);
    known
}

fn collect_env(
    command: &clap::Command,
    path: &str,
    known: &mut BTreeMap<String, BTreeSet<String>>,
) {
    let names = command.get_arguments().filter_map(|argument| argument.get_env());
    let names: BTreeSet<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    if !names.is_empty() {
        known.insert(path.to_owned(), names);
    }
    for subcommand in command.get_subcommands() {
        let path = format!("{path} {}", subcommand.get_name());
        collect_env(subcommand, path.trim_start(), known);
    }
}

/// Reports an error of the command line parser. `--help` and `--version` are such errors too, but
/// no failures.
fn report_usage_error(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == clap::error::ErrorKind::MissingSubcommand {
        error.exit();
    }
    eprintln!("shop: {} (see --help)", one_line(error));
    ExitCode::from(2)
}

/// Returns clap's message in one line, without its hints, which have lines of their own.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// Returns the messages of an error and its sources. A source that the message before it already
/// ends with is left out.
fn error_chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}
