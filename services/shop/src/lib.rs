//! The shop's one binary, as a library so that tests can ask what it knows.
//!
//! A component of the shop is a function `serve(args, runtime)` in a crate of its own. Here each
//! gets a process: alone, as in a cluster (`shop catalog serve`), or together with all the others
//! (`shop all`), which is the same code on the same ports without Kubernetes. With `--embedded`, the
//! databases come along.

mod all;
mod check;
mod cli;
mod components;
mod error;
mod one;
mod owners;
mod reference;
mod seed;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

pub use error::Error;
pub use reference::reference;

/// Runs the command line `argv`. What goes wrong is told in one line on standard error.
pub fn main(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(refusal) => return refuse(&refusal),
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The environment names that each command knows, by its words: `catalog serve`.
#[must_use]
pub fn known_env() -> BTreeMap<String, BTreeSet<String>> {
    let mut known = BTreeMap::new();
    collect_env(&cli::Cli::command(), "", &mut known);
    known
}

fn collect_env(
    command: &clap::Command,
    words: &str,
    known: &mut BTreeMap<String, BTreeSet<String>>,
) {
    let names = command.get_arguments().filter_map(|argument| argument.get_env());
    let names: BTreeSet<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    if !names.is_empty() {
        known.insert(words.to_owned(), names);
    }
    for subcommand in command.get_subcommands() {
        let words = format!("{words} {}", subcommand.get_name());
        collect_env(subcommand, words.trim_start(), known);
    }
}

/// `--help` and `--version` arrive here too; they are no failures.
fn refuse(refusal: &clap::Error) -> ExitCode {
    if !refusal.use_stderr() || refusal.kind() == clap::error::ErrorKind::MissingSubcommand {
        refusal.exit();
    }
    eprintln!("shop: {} (see --help)", one_line(refusal));
    ExitCode::from(2)
}

/// What clap says, without its hints, which take lines of their own.
fn one_line(refusal: &clap::Error) -> String {
    let text = refusal.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// An error and what is behind it, without what a text repeats of its source.
fn chain(error: &Error) -> String {
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
