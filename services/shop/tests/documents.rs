//! Tests of the documents: a claim about security names the test that shows it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

/// A name in `code` with at least so many underscores is the name of a test.
const MIN_UNDERSCORES: usize = 3;
/// Prefix of metrics, which may have as many.
const METRIC_PREFIX: &str = "gateway_";

/// Adds the text of all Rust files below `folder`.
fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_skipped = path.ends_with("target") || path.ends_with(".git");
        if path.is_dir() && !is_skipped {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

fn is_test_name(code: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    code.chars().all(allowed)
        && code.matches('_').count() >= MIN_UNDERSCORES
        && !code.starts_with(METRIC_PREFIX)
}

#[test]
fn tests_in_the_document_about_security_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut sources = String::new();
    for folder in ["operator", "proto", "services", "tests"] {
        read_sources(&root.join(folder), &mut sources);
    }
    // The parts between backticks are every other one.
    let named: Vec<&str> =
        document.split('`').skip(1).step_by(2).filter(|code| is_test_name(code)).collect();
    assert!(named.len() > 50, "{named:?}");
    let missing: Vec<&&str> =
        named.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
