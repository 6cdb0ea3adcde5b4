//! The invariants of the component table.

use std::collections::BTreeSet;

use super::*;

#[test]
fn from_name_finds_every_component() {
    for component in Component::ALL {
        assert_eq!(Component::from_name(component.name()), Some(component));
    }
    assert_eq!(Component::from_name("inbox"), None);
    assert_eq!(Component::NAMES, Component::ALL.map(Component::name));
}

#[test]
fn ports_names_and_databases_are_distinct() {
    let infos = Component::ALL.map(Component::info);
    let ports: BTreeSet<u16> = infos.iter().map(|info| info.listen.port).collect();
    let names: BTreeSet<&str> = infos.iter().map(|info| info.name).collect();
    let databases: BTreeSet<&str> =
        infos.iter().filter_map(|info| info.database).map(|database| database.name).collect();
    assert_eq!(ports.len(), infos.len());
    assert_eq!(names.len(), infos.len());
    assert_eq!(databases.len(), Component::with_database().count());
}

#[test]
fn callees_have_a_url_setting_and_no_component_calls_itself() {
    for component in Component::ALL {
        for callee in component.info().calls {
            assert_ne!(*callee, component);
            assert!(callee.info().url_env.is_some(), "{component} calls {callee}");
        }
    }
}
