//! The operator and the shop agree on the names of settings.

use std::collections::BTreeSet;

/// A name that the shop does not know would be set in vain, and nobody would notice.
#[test]
fn every_name_that_the_operator_sets_is_known_to_the_command_that_gets_it() {
    let known = shop::known_env();
    let set = storefront_desired::environment_names();
    assert!(!set.is_empty());
    for (command, names) in set {
        let known = known.get(&command).unwrap_or_else(|| panic!("shop has no command {command}"));
        let unknown: BTreeSet<_> = names.iter().filter(|name| !known.contains(**name)).collect();
        assert!(unknown.is_empty(), "shop {command} does not know {unknown:?}");
    }
}
