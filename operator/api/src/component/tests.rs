//! The invariants of the component tables.

use std::collections::BTreeSet;

use super::*;

#[test]
fn component_serializes_as_its_name() {
    for component in Component::ALL {
        let json = by_name::serialize(&component, serde_json::value::Serializer).unwrap();
        assert_eq!(json, component.name());
        assert_eq!(by_name::deserialize(json).unwrap(), component);
    }
    let error = by_name::deserialize(serde_json::Value::from("catalogue")).unwrap_err();
    assert!(error.to_string().starts_with("unknown variant `catalogue`, expected one of `user`"));
}

#[test]
fn no_component_listens_on_the_admin_port() {
    assert!(Component::ALL.iter().all(|component| component.info().listen.port != ADMIN_PORT));
}

/// A rollout proceeds wave by wave, so a component must not be in a later wave than its callers.
#[test]
fn callees_roll_out_no_later_than_their_callers() {
    for component in Component::ALL {
        for callee in component.info().calls {
            assert!(wave(*callee) <= wave(component), "{component} calls {callee}");
        }
    }
}

#[test]
fn every_component_is_in_exactly_one_wave() {
    let in_waves: Vec<Component> = Wave::ALL.into_iter().flat_map(in_wave).collect();
    let distinct: BTreeSet<Component> = in_waves.iter().copied().collect();
    assert_eq!(in_waves.len(), Component::ALL.len());
    assert_eq!(distinct, BTreeSet::from(Component::ALL));
}
