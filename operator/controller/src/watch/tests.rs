//! Tests of the reflector: watch events and lists.

use kube::core::PartialObjectMeta;
use serde_json::json;

use super::*;

type Object = PartialObjectMeta<DynamicObject>;

fn service(name: &str, uid: &str) -> Object {
    let object = json!({ "metadata": {
        "name": name, "namespace": "shop", "uid": uid, "resourceVersion": "1",
        "labels": { STOREFRONT_LABEL: "demo" },
    }});
    serde_json::from_value(object).unwrap()
}

fn reflector(state: &Arc<State>) -> Reflector {
    Reflector {
        state: state.clone(),
        source: Source::Children(Kind::Service),
        namespace: None,
        unlisted: BTreeSet::new(),
        synced: None,
    }
}

fn handle_all(reflector: &mut Reflector, events: Vec<Event<Object>>) {
    let set = |index: &mut Index, key: &ObjectKey, object: Object| {
        let child = Child::from_metadata(Kind::Service, &object.metadata);
        index.set_child(key, id(Kind::Service, &object.metadata), child, Instant::now())
    };
    events.into_iter().for_each(|event| reflector.handle(event, &set));
}

fn names(state: &State) -> Vec<String> {
    let entries = state.index(|index| index.entries(Source::Children(Kind::Service), None));
    entries.into_iter().map(|(_, name)| name).collect()
}

/// A deletion while the watch is broken causes no event.
#[test]
fn entry_missing_from_new_list_is_removed() {
    let state = Arc::new(State::default());
    let mut reflector = reflector(&state);
    let listed = |names: &[&str]| {
        let each = names.iter().map(|name| Event::InitApply(service(name, name)));
        let events = [Event::Init].into_iter().chain(each).chain([Event::InitDone]);
        events.collect::<Vec<_>>()
    };
    handle_all(&mut reflector, listed(&["a", "b"]));
    assert_eq!(names(&state), ["a", "b"]);
    handle_all(&mut reflector, listed(&["b", "c"]));
    assert_eq!(names(&state), ["b", "c"]);
    assert_eq!(state.queue.len(), 1, "the Storefront is enqueued");
}

/// A child that the operator creates during a list may be missing from that list.
#[test]
fn entry_created_during_list_is_kept() {
    let state = Arc::new(State::default());
    let mut reflector = reflector(&state);
    handle_all(&mut reflector, vec![Event::Init]);
    state.index(|index| {
        let created = service("created", "u").metadata;
        let child = Child::from_metadata(Kind::Service, &created);
        index.set_child(
            &ObjectKey::new("shop", "demo"),
            id(Kind::Service, &created),
            child,
            Instant::now(),
        )
    });
    handle_all(&mut reflector, vec![Event::InitDone]);
    assert_eq!(names(&state), ["created"]);
}

#[test]
fn deletion_of_another_uid_is_ignored() {
    let state = Arc::new(State::default());
    let mut reflector = reflector(&state);
    handle_all(
        &mut reflector,
        vec![Event::Apply(service("a", "new")), Event::Delete(service("a", "old"))],
    );
    assert_eq!(names(&state), ["a"]);
    handle_all(&mut reflector, vec![Event::Delete(service("a", "new"))]);
    assert!(names(&state).is_empty());
}

#[test]
fn watch_is_synced_after_first_list() {
    let state = Arc::new(State::default());
    let mut reflector = reflector(&state);
    let (done, mut synced) = oneshot::channel();
    reflector.synced = Some(done);
    handle_all(&mut reflector, vec![Event::Init, Event::InitApply(service("a", "a"))]);
    assert!(synced.try_recv().is_err());
    handle_all(&mut reflector, vec![Event::InitDone]);
    assert_eq!(synced.try_recv(), Ok(()));
}
