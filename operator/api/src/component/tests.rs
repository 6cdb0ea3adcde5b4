//! What the table must hold to, whatever is added to it.

use std::collections::BTreeSet;

use super::*;

/// `name` is what people write and `Deserialize` is what reads it.
#[test]
fn a_component_is_written_as_it_is_named() {
    for component in Component::ALL {
        let json = serde_json::to_value(component).unwrap();
        assert_eq!(json, component.name());
        assert_eq!(Component::from_name(component.name()), Some(component));
    }
}

#[test]
fn nothing_is_shared_that_has_to_be_its_own() {
    let rows = Component::ALL.map(Component::info);
    let ports: BTreeSet<u16> = rows.iter().map(|row| row.listen.port).collect();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    let databases: BTreeSet<&str> =
        rows.iter().filter_map(|row| row.database).map(|database| database.name).collect();
    assert_eq!(ports.len(), rows.len());
    assert_eq!(names.len(), rows.len());
    assert_eq!(databases.len(), Component::with_database().count());
    assert!(!ports.contains(&ADMIN_PORT));
}

/// A rollout goes wave by wave, so whoever is called must not come up after its caller.
#[test]
fn callees_come_up_before_their_callers_and_can_be_named_to_them() {
    for component in Component::ALL {
        for callee in component.info().calls {
            assert_ne!(*callee, component);
            assert!(callee.info().wave <= component.info().wave, "{component} calls {callee}");
            assert!(callee.info().url_env.is_some(), "{component} calls {callee}");
        }
    }
}

#[test]
fn every_component_is_in_exactly_one_wave() {
    let in_waves: Vec<Component> = Wave::ALL.into_iter().flat_map(Component::in_wave).collect();
    let distinct: BTreeSet<Component> = in_waves.iter().copied().collect();
    assert_eq!(in_waves.len(), Component::ALL.len());
    assert_eq!(distinct, BTreeSet::from(Component::ALL));
}
