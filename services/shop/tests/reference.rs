//! Tests of the reference of the settings, `docs/reference/settings.md`.

use std::fs;
use std::path::Path;

/// To regenerate the document: `UPDATE_REFERENCE=1 cargo test -p shop --test reference`; then read
/// the difference.
#[test]
fn committed_reference_matches_the_commands() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    let reference = shop::reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &reference).expect("the document is written");
        return;
    }
    let committed = fs::read_to_string(&path).expect("docs/reference/settings.md");
    assert!(committed == reference, "docs/reference/settings.md is stale: see this test's comment");
}

#[test]
fn every_setting_has_a_description() {
    for line in shop::reference().lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "{line}");
    }
}
