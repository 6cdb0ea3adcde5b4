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
        ("Redis", said("redis-server", &["--version"])),
        ("compiler", said("rustc", &["--version"])),
    ]
}

fn commit() -> String {
    let commit = said("git", &["rev-parse", "--short=12", "HEAD"]);
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"]);
    match changed.is_empty() {
        true => commit,
        false => format!("{commit}, with changes"),
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

/// What a program says, in its first line. Nothing if it is not there.
fn said(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let text =
        output.map_or_else(|_| unknown(), |said| String::from_utf8_lossy(&said.stdout).into());
    text.lines().next().unwrap_or_default().to_owned()
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
