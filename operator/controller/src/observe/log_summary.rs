//! Summarizes a log as the line that explains why the program ended, without the parts that differ
//! between runs (times, process ids), which would change the status at every restart.

use serde_json::Value;

/// The longest summary, in characters: two lines of a terminal.
const MAX_SUMMARY_LENGTH: usize = 200;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Summarizes a log: the last fatal message of PostgreSQL or Redis, otherwise the last line. Of a
/// JSON line, the message and the error are used.
#[must_use]
pub fn summarize_log(log: &str) -> Option<String> {
    let lines = || log.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().map(strip_timestamp).find(|line| is_fatal(line));
    let line = fatal.or_else(|| lines().next().map(strip_timestamp))?;
    let Ok(Value::Object(record)) = serde_json::from_str(line) else {
        return Some(truncated(line.trim_start_matches(['#', '*']).trim_start()));
    };
    let fields = record.get("fields").and_then(Value::as_object).unwrap_or(&record);
    let parts = ["message", "msg", "error"].iter();
    let parts: Vec<_> = parts.filter_map(|name| fields.get(*name)?.as_str()).collect();
    if parts.is_empty() { Some(truncated(line)) } else { Some(truncated(&parts.join(": "))) }
}

/// Returns whether the line reports a fatal error of the server. PostgreSQL starts such a line with
/// the severity. If the error ends only one session, the line starts with the user's name instead.
/// Redis marks warnings with `#`.
fn is_fatal(line: &str) -> bool {
    let warning = line.strip_prefix("# ").map(str::to_ascii_lowercase);
    line.starts_with("FATAL:")
        || line.starts_with("PANIC:")
        || warning.is_some_and(|text| !text.starts_with("warning"))
}

/// Strips the prefix of a log line: PostgreSQL's time and process
/// (`2026-01-31 10:00:00.123 UTC [7] `), Redis's process, role and time
/// (`7:M 31 Jan 2026 10:00:00.123 `).
fn strip_timestamp(line: &str) -> &str {
    let first = line.split(' ').next().unwrap_or_default();
    if !is_date(first) && !is_redis_process(first) {
        return line;
    }
    let mut rest = line;
    while let Some((word, after)) = rest.split_once(' ')
        && is_prefix_word(word)
    {
        rest = after;
    }
    rest.trim_start()
}

fn is_prefix_word(word: &str) -> bool {
    let has_digits = word.chars().any(|c| c.is_ascii_digit());
    let numeric = word.chars().all(|c| c.is_ascii_digit() || "-:.,+[]TZ".contains(c));
    (has_digits && numeric) || word == "UTC" || MONTHS.contains(&word) || is_redis_process(word)
}

/// Returns whether the word starts with a date such as `2026-01-31`.
fn is_date(word: &str) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    word.chars().map(shape).collect::<String>().starts_with("0000-00-00")
}

/// Returns whether the word is the process id and role of a Redis server, such as `7:M`.
fn is_redis_process(word: &str) -> bool {
    word.split_once(':').is_some_and(|(process, role)| {
        let number = !process.is_empty() && process.chars().all(|c| c.is_ascii_digit());
        number && ["C", "M", "S", "X"].contains(&role)
    })
}

/// Truncates a text to the length of a summary.
pub(super) fn truncated(text: &str) -> String {
    match text.char_indices().nth(MAX_SUMMARY_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
