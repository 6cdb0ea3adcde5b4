//! On what was measured.

use std::process::Command;

/// What a figure depends on: names and values.
pub(crate) fn facts(postgres: &str) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    vec![
        ("commit", commit()),
        ("processor", format!("{}, {cores} cores", field("/proc/cpuinfo", "model name"))),
        ("memory", memory()),
        ("kernel", format!("Linux {}", read("/proc/sys/kernel/osrelease"))),
        ("PostgreSQL", postgres.to_owned()),
        ("Redis", redis()),
        ("compiler", said("rustc", &["--version"]).unwrap_or_else(unknown)),
    ]
}

/// The commit that the figures are of; a tree without git has none.
fn commit() -> String {
    let Some(commit) = said("git", &["rev-parse", "--short=12", "HEAD"]) else { return unknown() };
    match said("git", &["status", "--porcelain", "--untracked-files=no"]) {
        None => commit,
        Some(_) => format!("{commit}, with changes"),
    }
}

fn memory() -> String {
    let total = field("/proc/meminfo", "MemTotal");
    let kib = total.trim_end_matches("kB").trim().parse::<f64>().unwrap_or_default();
    format!("{:.1} GiB", kib / 1024.0 / 1024.0)
}

/// The value of the first line `name: value` of a file.
fn field(path: &str, name: &str) -> String {
    let text = read(path);
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.find(|(known, _)| known.trim() == name);
    found.map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).map_or_else(|_| unknown(), |text| text.trim().to_owned())
}

/// The version among what Redis says of itself.
fn redis() -> String {
    let told = said("redis-server", &["--version"]).unwrap_or_else(unknown);
    let version = told.split_whitespace().find_map(|word| word.strip_prefix("v="));
    version.map_or_else(|| told.clone(), str::to_owned)
}

/// The first line of what a program says. None if it is not there, fails, or has nothing to say.
fn said(program: &str, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().filter(|line| !line.is_empty())?;
    output.status.success().then(|| line.to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_a_figure_depends_on_is_told() {
        let facts = facts("15.4");
        assert!(facts.iter().all(|(_, value)| !value.is_empty()), "{facts:?}");
        assert!(facts.contains(&("PostgreSQL", "15.4".to_owned())));
    }
}
