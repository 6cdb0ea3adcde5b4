//! The reference of the settings of every command: `docs/reference/settings.md`.

use std::collections::BTreeMap;

use clap::{Arg, Command, CommandFactory as _};

use crate::cli::Cli;

const HEAD: &str = "\
<!-- Generated from the commands: UPDATE_REFERENCE=1 cargo test -p shop --test reference -->
# Settings

Every process of the shop runs the program `shop` with a command. It reads its settings from the
command line or from the environment variables below; `shop <command> --help` describes them too. In
a cluster the operator sets them. A setting that ends in `_FILE` names a file that contains the
value, and takes precedence over the setting without the suffix.

`[::]` accepts connections over IPv6 and IPv4; without IPv6 it means `0.0.0.0`. `shop all` listens
on `127.0.0.1` at the default ports, unless settings such as `GATEWAY_LISTEN` name other addresses.
";

/// Returns the document in Markdown: the settings that all commands have, then those of each
/// command.
#[must_use]
pub fn reference() -> String {
    let mut commands = Vec::new();
    collect(&Cli::command(), "", &mut commands);
    let mut common: BTreeMap<String, usize> = BTreeMap::new();
    for (_, settings) in &commands {
        for setting in settings {
            *common.entry(setting.row()).or_default() += 1;
        }
    }
    // One command may have a default of its own: `shop all` has one of ADMIN_ADDR.
    let is_common = |setting: &Setting| common[&setting.row()] + 1 >= commands.len();
    let mut text = HEAD.to_owned();
    if let Some((_, settings)) = commands.first() {
        table(&mut text, "Every command", settings.iter().filter(|setting| is_common(setting)));
    }
    for (name, settings) in &commands {
        let own = settings.iter().filter(|setting| !is_common(setting));
        table(&mut text, &format!("`shop {name}`"), own);
    }
    text
}

/// One setting of one command.
struct Setting {
    env: String,
    default: String,
    help: String,
}

impl Setting {
    fn from_argument(argument: &Arg) -> Option<Self> {
        let env = argument.get_env()?.to_string_lossy().into_owned();
        let defaults: Vec<_> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let possible: Vec<_> = argument
            .get_possible_values()
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        let help = argument.get_long_help().or_else(|| argument.get_help());
        let mut help = help.map(ToString::to_string).unwrap_or_default().replace('\n', " ");
        if !possible.is_empty() {
            let stop = if help.ends_with('.') { "" } else { "." };
            help = format!("{help}{stop} One of {}.", possible.join(", "));
        }
        Some(Self { env, default: defaults.join(","), help })
    }

    fn row(&self) -> String {
        let Self { env, default, help } = self;
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        format!("| `{env}` | {default} | {} |", help.replace('|', "\\|"))
    }
}

fn table<'a>(text: &mut String, title: &str, settings: impl Iterator<Item = &'a Setting>) {
    let rows: Vec<_> = settings.map(Setting::row).collect();
    if rows.is_empty() {
        return;
    }
    let rows = rows.join("\n");
    text.push_str(&format!("\n## {title}\n\n| setting | default | |\n|---|---|---|\n{rows}\n"));
}

/// Collects the commands that have settings, by their path, such as `catalog serve`.
fn collect(command: &Command, path: &str, commands: &mut Vec<(String, Vec<Setting>)>) {
    let settings: Vec<_> = command.get_arguments().filter_map(Setting::from_argument).collect();
    if !settings.is_empty() {
        commands.push((path.to_owned(), settings));
    }
    for subcommand in command.get_subcommands() {
        let path = format!("{path} {}", subcommand.get_name());
        collect(subcommand, path.trim_start(), commands);
    }
}
