//! The operator and the shop use the same names of settings.

use std::collections::BTreeSet;

/// The shop ignores unknown variables, so it would not report a misspelled name.
#[test]
fn operator_sets_only_settings_of_the_command() {
    let known = shop::known_env();
    let set = storefront_desired::environment_names();
    assert!(!set.is_empty());
    for (command, names) in set {
        let known = known.get(&command).unwrap_or_else(|| panic!("shop has no command {command}"));
        let unknown: BTreeSet<_> = names.iter().filter(|name| !known.contains(**name)).collect();
        assert!(unknown.is_empty(), "shop {command} has no settings {unknown:?}");
    }
}
