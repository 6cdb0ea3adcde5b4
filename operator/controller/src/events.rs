//! Kubernetes events, on transitions only: what `kubectl describe` and `kubectl events` show.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use storefront_api::status::ConditionType;
use storefront_api::{StorefrontStatus, names};

use crate::key::Key;
use crate::{apply, clock};

/// The longest note that is sent, in bytes; the API accepts 1,024.
const NOTE_LENGTH: usize = 1_000;

/// The longest name of a reporting instance that the API accepts, in bytes.
const INSTANCE_LENGTH: usize = 128;

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether somebody should look.
    pub warning: bool,
    /// In one word.
    pub reason: String,
    /// In words.
    pub message: String,
}

/// What the step from one status to the next is worth telling. Trouble is told when it comes and
/// when it changes, progress when Ready changes.
#[must_use]
pub fn notices(old: &StorefrontStatus, new: &StorefrontStatus) -> Option<Notice> {
    let ready = condition(new, ConditionType::Ready)?;
    let before = condition(old, ConditionType::Ready);
    let stalled = condition(new, ConditionType::Stalled).is_some_and(|c| c.status == "True");
    let warning = stalled || is_worrying(&ready.reason);
    let turned = before.map(|before| &before.status) != Some(&ready.status);
    let worse =
        warning && before.map(|b| (&b.reason, &b.message)) != Some((&ready.reason, &ready.message));
    let suspended = ready.reason == "Suspended" && before.map(|b| &b.reason) != Some(&ready.reason);
    let whole = (turned || worse || suspended).then(|| Notice {
        warning,
        reason: if ready.status == "True" { "Ready".to_owned() } else { ready.reason.clone() },
        message: ready.message.clone(),
    });
    // Of two things that happen at once the one that somebody should look at is told.
    match storage(old, new) {
        Some(refused) if !whole.as_ref().is_some_and(|notice| notice.warning) => Some(refused),
        _ => whole,
    }
}

/// A volume that cannot become what is wanted does not make the shop less ready, so it is told by
/// itself.
fn storage(old: &StorefrontStatus, new: &StorefrontStatus) -> Option<Notice> {
    let now = condition(new, ConditionType::StorageReady).filter(|now| now.status == "False")?;
    let before = condition(old, ConditionType::StorageReady);
    let told = before.is_some_and(|b| (&b.reason, &b.message) == (&now.reason, &now.message));
    let (reason, message) = (now.reason.clone(), now.message.clone());
    (!told).then_some(Notice { warning: true, reason, message })
}

/// Trouble that may pass by itself, and that people should hear of nevertheless.
fn is_worrying(reason: &str) -> bool {
    ["Unschedulable", "PodsRefused", "ApplyFailed", "MigrationFailed", "SeedFailed"]
        .contains(&reason)
}

fn condition(status: &StorefrontStatus, type_: ConditionType) -> Option<&Condition> {
    status.conditions.iter().find(|condition| condition.type_ == type_.as_str())
}

/// Publishes notices, each as an event of its own: `kube`'s `Recorder` counts a second one of the
/// same reason with the first one's words.
pub struct Teller {
    client: Client,
    instance: String,
}

impl Teller {
    /// `instance` is the pod's name.
    #[must_use]
    pub fn new(client: Client, instance: &str) -> Self {
        Self { client, instance: cut(instance.to_owned(), INSTANCE_LENGTH) }
    }

    /// Tells once; an event that gets lost is not told again, because the status says the same.
    pub async fn tell(&self, key: &Key, uid: &str, notice: Notice) {
        let event = event(key, uid, notice, &self.instance, clock::now());
        let events: Api<Event> = Api::namespaced(self.client.clone(), &key.namespace);
        let told = apply::within(events.create(&PostParams::default(), &event)).await;
        if let Err(fault) = told {
            tracing::warn!(storefront = %key, error = fault.message, "an event was lost");
        }
    }
}

fn event(key: &Key, uid: &str, notice: Notice, instance: &str, time: Timestamp) -> Event {
    let Notice { warning, reason, message } = notice;
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
        note: Some(cut(message, NOTE_LENGTH)),
        action: Some("Reconcile".to_owned()),
        regarding: Some(about),
        event_time: Some(MicroTime(time)),
        reporting_controller: Some(names::MANAGER.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        ..Event::default()
    }
}

fn cut(mut text: String, length: usize) -> String {
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
    fn only_transitions_are_told() {
        let up = status(("True", "AllReady", "up"), false);
        let starting = status(("False", "Progressing", "0 of 1"), false);
        let further = status(("False", "Progressing", "1 of 2"), false);
        let pull = status(("False", "ImagePullFailed", "catalog: x"), true);
        let pull_other = status(("False", "ImagePullFailed", "catalog: y"), true);
        let cramped = status(("False", "Unschedulable", "no room"), false);
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
            (&starting, &cramped, Some((true, "Unschedulable"))),
            (&starting, &suspended, Some((false, "Suspended"))),
            (&suspended, &suspended, None),
        ];
        for (old, new, told) in cases {
            let notice = notices(old, new).map(|notice| (notice.warning, notice.reason));
            assert_eq!(notice.as_ref().map(|(w, r)| (*w, r.as_str())), told, "{old:?} {new:?}");
        }
    }

    #[test]
    fn long_notes_are_cut_between_characters() {
        assert_eq!(cut("ä".repeat(700), NOTE_LENGTH).len(), NOTE_LENGTH);
        assert_eq!(cut("ä".repeat(700), NOTE_LENGTH - 1).len(), NOTE_LENGTH - 2);
        assert_eq!(cut("short".to_owned(), NOTE_LENGTH), "short");
    }
}
