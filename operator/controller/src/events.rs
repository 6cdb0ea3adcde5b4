//! Kubernetes events of Storefronts, published on status transitions only.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use storefront_api::status::ConditionType;
use storefront_api::{StorefrontStatus, names};

use crate::object_key::ObjectKey;
use crate::{apply, clock};

/// The longest note that is sent, in bytes; the API accepts 1,024.
const MAX_NOTE_LENGTH: usize = 1_000;

/// The longest name of a reporting instance that the API accepts, in bytes.
const MAX_INSTANCE_LENGTH: usize = 128;

/// The content of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBody {
    /// Whether the type of the event is `Warning`.
    pub warning: bool,
    /// The reason, a CamelCase word.
    pub reason: String,
    /// The message for users.
    pub message: String,
}

/// Returns the event for the transition from one status to the next, if it needs one. A problem is
/// published when it begins and when it changes; progress is published when Ready changes.
#[must_use]
pub fn event_for_transition(old: &StorefrontStatus, new: &StorefrontStatus) -> Option<EventBody> {
    let ready = condition(new, ConditionType::Ready)?;
    let before = condition(old, ConditionType::Ready);
    let stalled = condition(new, ConditionType::Stalled).is_some_and(|c| c.status == "True");
    let warning = stalled || is_warning_reason(&ready.reason);
    let changed = before.map(|before| &before.status) != Some(&ready.status);
    let worse =
        warning && before.map(|b| (&b.reason, &b.message)) != Some((&ready.reason, &ready.message));
    let suspended = ready.reason == "Suspended" && before.map(|b| &b.reason) != Some(&ready.reason);
    let readiness = (changed || worse || suspended).then(|| EventBody {
        warning,
        reason: if ready.status == "True" { "Ready".to_owned() } else { ready.reason.clone() },
        message: ready.message.clone(),
    });
    // If several events are due, a warning is published.
    match storage_event(old, new).or_else(|| memory_event(old, new)) {
        Some(other) if !readiness.as_ref().is_some_and(|event| event.warning) => Some(other),
        _ => readiness,
    }
}

/// Returns the event of a volume that cannot be changed as desired. It does not affect Ready, so it
/// needs a separate event.
fn storage_event(old: &StorefrontStatus, new: &StorefrontStatus) -> Option<EventBody> {
    let now = condition(new, ConditionType::StorageReady).filter(|now| now.status == "False")?;
    let before = condition(old, ConditionType::StorageReady);
    let published = before.is_some_and(|b| (&b.reason, &b.message) == (&now.reason, &now.message));
    let (reason, message) = (now.reason.clone(), now.message.clone());
    (!published).then_some(EventBody { warning: true, reason, message })
}

/// Returns the event of a Redis that becomes nearly full, which does not affect Ready either.
fn memory_event(old: &StorefrontStatus, new: &StorefrontStatus) -> Option<EventBody> {
    let pressure = |status| {
        condition(status, ConditionType::CacheMemoryPressure).filter(|now| now.status == "True")
    };
    let now = pressure(new).filter(|_| pressure(old).is_none())?;
    let (reason, message) = (now.reason.clone(), now.message.clone());
    Some(EventBody { warning: true, reason, message })
}

/// Returns whether this reason is a warning although the problem may resolve without a user.
fn is_warning_reason(reason: &str) -> bool {
    ["Unschedulable", "PodsRefused", "ApplyFailed", "MigrationFailed", "SeedFailed"]
        .contains(&reason)
}

fn condition(status: &StorefrontStatus, type_: ConditionType) -> Option<&Condition> {
    status.conditions.iter().find(|condition| condition.type_ == type_.as_str())
}

/// Publishes events, each as a separate object. `kube`'s `Recorder` would aggregate a second event
/// with the same reason into the first one and drop its message.
pub struct EventRecorder {
    client: Client,
    instance: String,
}

impl EventRecorder {
    /// Creates a recorder. `instance` is the pod's name.
    #[must_use]
    pub fn new(client: Client, instance: &str) -> Self {
        Self { client, instance: truncate(instance.to_owned(), MAX_INSTANCE_LENGTH) }
    }

    /// Publishes an event. A failure is not retried, because the status contains the same message.
    pub async fn publish(&self, key: &ObjectKey, uid: &str, body: EventBody) {
        let event = event_object(key, uid, body, &self.instance, clock::now());
        let events: Api<Event> = Api::namespaced(self.client.clone(), &key.namespace);
        let published = apply::with_timeout(events.create(&PostParams::default(), &event)).await;
        if let Err(fault) = published {
            tracing::warn!(storefront = %key, error = fault.message, "event not published");
        }
    }
}

fn event_object(
    key: &ObjectKey,
    uid: &str,
    body: EventBody,
    instance: &str,
    time: Timestamp,
) -> Event {
    let EventBody { warning, reason, message } = body;
    let about = ObjectReference {
        api_version: Some("storefront.dev/v1alpha1".to_owned()),
        kind: Some("Storefront".to_owned()),
        name: Some(key.name.clone()),
        namespace: Some(key.namespace.clone()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    };
    let metadata = ObjectMeta {
        generate_name: Some(format!("{}-", key.name)),
        namespace: Some(key.namespace.clone()),
        ..ObjectMeta::default()
    };
    Event {
        metadata,
        type_: Some(if warning { "Warning" } else { "Normal" }.to_owned()),
        reason: Some(reason),
        note: Some(truncate(message, MAX_NOTE_LENGTH)),
        action: Some("Reconcile".to_owned()),
        regarding: Some(about),
        event_time: Some(MicroTime(time)),
        reporting_controller: Some(names::MANAGER.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        ..Event::default()
    }
}

fn truncate(mut text: String, length: usize) -> String {
    let end = (0..=length.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn status(ready: (&str, &str, &str), stalled: bool) -> StorefrontStatus {
        let condition = |type_: &str, status: &str, reason: &str, message: &str| Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            observed_generation: None,
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        };
        let (status, reason, message) = ready;
        let stalled = if stalled { "True" } else { "False" };
        StorefrontStatus {
            conditions: vec![
                condition("Ready", status, reason, message),
                condition("Stalled", stalled, reason, message),
            ],
            ..StorefrontStatus::default()
        }
    }

    #[test]
    fn events_are_published_on_transitions_only() {
        let up = status(("True", "AllReady", "up"), false);
        let starting = status(("False", "Progressing", "0 of 1"), false);
        let further = status(("False", "Progressing", "1 of 2"), false);
        let pull = status(("False", "ImagePullFailed", "catalog: x"), true);
        let pull_other = status(("False", "ImagePullFailed", "catalog: y"), true);
        let unschedulable = status(("False", "Unschedulable", "no room"), false);
        let suspended = status(("False", "Suspended", "stopped"), false);
        let none = StorefrontStatus::default();
        let cases = [
            (&none, &starting, Some((false, "Progressing"))),
            (&starting, &further, None),
            (&starting, &up, Some((false, "Ready"))),
            (&up, &up, None),
            (&up, &pull, Some((true, "ImagePullFailed"))),
            (&starting, &pull, Some((true, "ImagePullFailed"))),
            (&pull, &pull, None),
            (&pull, &pull_other, Some((true, "ImagePullFailed"))),
            (&pull, &starting, None),
            (&starting, &unschedulable, Some((true, "Unschedulable"))),
            (&starting, &suspended, Some((false, "Suspended"))),
            (&suspended, &suspended, None),
        ];
        for (old, new, expected) in cases {
            let event = event_for_transition(old, new).map(|event| (event.warning, event.reason));
            assert_eq!(event.as_ref().map(|(w, r)| (*w, r.as_str())), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn long_notes_are_truncated_between_characters() {
        assert_eq!(truncate("ä".repeat(700), MAX_NOTE_LENGTH).len(), MAX_NOTE_LENGTH);
        assert_eq!(truncate("ä".repeat(700), MAX_NOTE_LENGTH - 1).len(), MAX_NOTE_LENGTH - 2);
        assert_eq!(truncate("short".to_owned(), MAX_NOTE_LENGTH), "short");
    }
}
