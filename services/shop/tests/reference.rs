//! The settings are described where people look for them.

use std::fs;
use std::path::Path;

/// `docs/reference/settings.md` is what the commands say of themselves. To renew it:
/// `UPDATE_REFERENCE=1 cargo test -p shop --test reference`, and read the difference.
#[test]
fn the_reference_of_the_settings_is_what_the_commands_know() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    let reference = shop::reference();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &reference).expect("written");
        return;
    }
    let committed = fs::read_to_string(&path).expect("docs/reference/settings.md");
    assert!(committed == reference, "docs/reference/settings.md is stale: see this test's comment");
}

#[test]
fn every_setting_is_explained() {
    for line in shop::reference().lines().filter(|line| line.starts_with("| `")) {
        assert!(!line.ends_with("|  |"), "{line}");
    }
}
