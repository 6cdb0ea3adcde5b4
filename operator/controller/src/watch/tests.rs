//! The fold of a watch's events, lists included.

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

fn fold(state: &Arc<State>) -> Fold {
    Fold {
        state: state.clone(),
        source: Source::Children(Kind::Service),
        namespace: None,
        unlisted: BTreeSet::new(),
        synced: None,
    }
}

fn play(fold: &mut Fold, events: Vec<Event<Object>>) {
    let set = |index: &mut Index, key: &Key, object: Object| {
        let child = Child::from_metadata(Kind::Service, &object.metadata);
        index.set_child(key, id(Kind::Service, &object.metadata), child, Instant::now())
    };
    events.into_iter().for_each(|event| fold.take(event, &set));
}

fn names(state: &State) -> Vec<String> {
    let rows = state.index(|index| index.rows(Source::Children(Kind::Service), None));
    rows.into_iter().map(|(_, name)| name).collect()
}

/// The trap of watches: a deletion while the watch was broken has no event of its own.
#[test]
fn what_a_new_list_does_not_name_was_deleted_meanwhile() {
    let state = Arc::new(State::default());
    let mut fold = fold(&state);
    let listed = |names: &[&str]| {
        let each = names.iter().map(|name| Event::InitApply(service(name, name)));
        let events = [Event::Init].into_iter().chain(each).chain([Event::InitDone]);
        events.collect::<Vec<_>>()
    };
    play(&mut fold, listed(&["a", "b"]));
    assert_eq!(names(&state), ["a", "b"]);
    play(&mut fold, listed(&["b", "c"]));
    assert_eq!(names(&state), ["b", "c"]);
    assert_eq!(state.queue.len(), 1, "and the Storefront is looked at");
}

/// A child that the operator makes while a list is under way may be missing in that list.
#[test]
fn what_appears_during_a_list_is_not_taken_for_deleted() {
    let state = Arc::new(State::default());
    let mut fold = fold(&state);
    play(&mut fold, vec![Event::Init]);
    state.index(|index| {
        let made = service("made", "u").metadata;
        let child = Child::from_metadata(Kind::Service, &made);
        index.set_child(&Key::new("shop", "demo"), id(Kind::Service, &made), child, Instant::now())
    });
    play(&mut fold, vec![Event::InitDone]);
    assert_eq!(names(&state), ["made"]);
}

#[test]
fn a_deletion_counts_only_for_its_own_uid() {
    let state = Arc::new(State::default());
    let mut fold = fold(&state);
    play(&mut fold, vec![Event::Apply(service("a", "new")), Event::Delete(service("a", "old"))]);
    assert_eq!(names(&state), ["a"]);
    play(&mut fold, vec![Event::Delete(service("a", "new"))]);
    assert!(names(&state).is_empty());
}

#[test]
fn a_watch_says_when_it_has_seen_everything() {
    let state = Arc::new(State::default());
    let mut fold = fold(&state);
    let (done, mut synced) = oneshot::channel();
    fold.synced = Some(done);
    play(&mut fold, vec![Event::Init, Event::InitApply(service("a", "a"))]);
    assert!(synced.try_recv().is_err());
    play(&mut fold, vec![Event::InitDone]);
    assert_eq!(synced.try_recv(), Ok(()));
}
