//! The machine and the software on which the figures depend.

use std::process::Command;

/// Returns the facts about the machine: names and values.
pub(crate) fn facts(postgres: &str) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    vec![
        ("commit", commit()),
        ("processor", format!("{}, {cores} cores", field("/proc/cpuinfo", "model name"))),
        ("memory", memory()),
        ("kernel", format!("Linux {}", read("/proc/sys/kernel/osrelease"))),
        ("PostgreSQL", postgres.to_owned()),
        ("Redis", redis()),
        ("compiler", first_line("rustc", &["--version"]).unwrap_or_else(unknown)),
    ]
}

/// Returns the measured commit, or `unknown` for a tree without git.
fn commit() -> String {
    let Some(commit) = first_line("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return unknown();
    };
    match first_line("git", &["status", "--porcelain", "--untracked-files=no"]) {
        None => commit,
        Some(_) => format!("{commit}, with changes"),
    }
}

fn memory() -> String {
    let total = field("/proc/meminfo", "MemTotal");
    let kib = total.trim_end_matches("kB").trim().parse::<f64>().unwrap_or_default();
    format!("{:.1} GiB", kib / 1024.0 / 1024.0)
}

/// Returns the value of the first line `name: value` of a file.
fn field(path: &str, name: &str) -> String {
    let text = read(path);
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let pair = pairs.find(|(key, _)| key.trim() == name);
    pair.map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).map_or_else(|_| unknown(), |text| text.trim().to_owned())
}

/// Returns the version in the output of `redis-server --version`.
fn redis() -> String {
    let output = first_line("redis-server", &["--version"]).unwrap_or_else(unknown);
    let version = output.split_whitespace().find_map(|word| word.strip_prefix("v="));
    version.map_or_else(|| output.clone(), str::to_owned)
}

/// Returns the first line of a program's output, or `None` if the program is not installed, fails,
/// or prints nothing.
fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
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
    fn every_fact_has_a_value() {
        let facts = facts("15.4");
        assert!(facts.iter().all(|(_, value)| !value.is_empty()), "{facts:?}");
        assert!(facts.contains(&("PostgreSQL", "15.4".to_owned())));
    }
}
