//! The one line of a log that says why a program ended, without what changes from one run to the
//! next: times, process ids. What ticks would be written to the status at every restart.

use serde_json::Value;

/// The longest text that is quoted from a log, in characters: one line of a terminal, twice.
const GIST_LENGTH: usize = 200;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What a log says in the end. Where PostgreSQL or Redis say what was fatal to them, that; else the
/// last line. Lines of JSON are asked for their message and error.
#[must_use]
pub fn gist(log: &str) -> Option<String> {
    let lines = || log.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().map(without_ticks).find(|line| is_fatal(line));
    let line = fatal.or_else(|| lines().next().map(without_ticks))?;
    let Ok(Value::Object(record)) = serde_json::from_str(line) else {
        return Some(shortened(line.trim_start_matches(['#', '*']).trim_start()));
    };
    let fields = record.get("fields").and_then(Value::as_object).unwrap_or(&record);
    let parts = ["message", "msg", "error"].iter();
    let parts: Vec<_> = parts.filter_map(|name| fields.get(*name)?.as_str()).collect();
    if parts.is_empty() { Some(shortened(line)) } else { Some(shortened(&parts.join(": "))) }
}

/// PostgreSQL's servers themselves, whose lines begin so; what is fatal to a session has the user's
/// name before it. Redis marks with `#` what it warns of.
fn is_fatal(line: &str) -> bool {
    let warns = line.strip_prefix("# ").map(str::to_ascii_lowercase);
    line.starts_with("FATAL:")
        || line.starts_with("PANIC:")
        || warns.is_some_and(|text| !text.starts_with("warning"))
}

/// The line less what stands before its text: PostgreSQL's time and process
/// (`2026-01-31 10:00:00.123 UTC [7] `), Redis's process, role and time
/// (`7:M 31 Jan 2026 10:00:00.123 `).
fn without_ticks(line: &str) -> &str {
    let first = line.split(' ').next().unwrap_or_default();
    if !is_date(first) && !is_redis_process(first) {
        return line;
    }
    let mut rest = line;
    while let Some((word, after)) = rest.split_once(' ')
        && ticks(word)
    {
        rest = after;
    }
    rest.trim_start()
}

fn ticks(word: &str) -> bool {
    let digits = word.chars().any(|c| c.is_ascii_digit());
    let bare = word.chars().all(|c| c.is_ascii_digit() || "-:.,+[]TZ".contains(c));
    (digits && bare) || word == "UTC" || MONTHS.contains(&word) || is_redis_process(word)
}

/// Whether the word begins with a date, as `2026-01-31`.
fn is_date(word: &str) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    word.chars().map(shape).collect::<String>().starts_with("0000-00-00")
}

/// Whether the word is a process id with the role of a Redis.
fn is_redis_process(word: &str) -> bool {
    word.split_once(':').is_some_and(|(process, role)| {
        let number = !process.is_empty() && process.chars().all(|c| c.is_ascii_digit());
        number && ["C", "M", "S", "X"].contains(&role)
    })
}

/// The text, cut where it gets too long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(GIST_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
