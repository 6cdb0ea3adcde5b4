//! A change that an administrator made, as an entry of the audit log.

use kit::{Env, context};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::{self, Entry};

/// Maximum length of a text in an entry, in characters. Longer ones, such as descriptions, are cut.
const MAX_TEXT_CHARS: usize = 200;
/// Maximum length of all changed values of an entry, as JSON, before or after.
const MAX_VALUE_BYTES: usize = 2_048;

/// A change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    action: &'static str,
    object: Uuid,
    before: Option<Value>,
    after: Option<Value>,
    /// Whether all values are equal, before they are cut.
    is_unchanged: bool,
}

/// A change that was written, if it changed anything. Log it after the commit: a change that was
/// rolled back did not happen.
#[derive(Debug)]
#[must_use = "log the entry after the commit"]
pub struct Recorded(Option<Entry>);

impl Change {
    /// An object was created with these fields.
    #[must_use]
    pub fn created(action: &'static str, object: Uuid, after: &Value) -> Self {
        let after = Some(bounded(after));
        Self { action, object, before: None, after, is_unchanged: false }
    }

    /// An object was deleted that had these fields.
    #[must_use]
    pub fn deleted(action: &'static str, object: Uuid, before: &Value) -> Self {
        let before = Some(bounded(before));
        Self { action, object, before, after: None, is_unchanged: false }
    }

    /// Fields of an object have changed. Fields with equal values are left out, so `before` and
    /// `after` may be whole objects. They must not contain secrets.
    #[must_use]
    pub fn updated(action: &'static str, object: Uuid, before: &Value, after: &Value) -> Self {
        let (before, after) = (different(before, after), different(after, before));
        let is_unchanged = before == after;
        let (before, after) = (Some(bounded(&before)), Some(bounded(&after)));
        Self { action, object, before, after, is_unchanged }
    }

    /// Writes the entry, with the origin and the id of the current request. An update that changed
    /// no field leaves no entry.
    ///
    /// # Errors
    /// Fails when the database does; the transaction must then be rolled back.
    pub async fn write(self, conn: &mut PgConnection, env: &Env) -> Result<Recorded, sqlx::Error> {
        if self.is_unchanged {
            return Ok(Recorded(None));
        }
        let origin = context::origin();
        let entry = Entry {
            id: env.uuid(),
            at: env.now(),
            actor: origin.actor(),
            network: origin.network().map(|network| network.to_string()).unwrap_or_default(),
            request_id: context::request_id().map(|id| id.to_string()).unwrap_or_default(),
            action: self.action.to_owned(),
            object: self.object,
            before: self.before,
            after: self.after,
        };
        store::insert(conn, &entry).await?;
        Ok(Recorded(Some(entry)))
    }
}

impl Recorded {
    /// Logs the entry as a structured event, without the changed values.
    pub fn log(self) {
        let Some(Entry { actor, network, action, object, .. }) = self.0 else { return };
        let actor = actor.map(|actor| actor.to_string()).unwrap_or_default();
        tracing::info!(
            target: "audit",
            action,
            actor.id = actor,
            object.id = %object,
            client.network = network,
            "audited change"
        );
    }
}

/// Logs an event that is no entry: an attempt, or what accounts do with their own access. `subject`
/// is the id of the account that it is about, or a digest, never a secret or an address.
pub fn log_event(action: &'static str, outcome: &'static str, subject: &str) {
    let origin = context::origin();
    let actor = origin.actor().map(|actor| actor.to_string()).unwrap_or_default();
    let network = origin.network().map(|network| network.to_string()).unwrap_or_default();
    tracing::info!(
        target: "audit",
        action,
        outcome,
        subject,
        actor.id = actor,
        client.network = network,
        "audited event"
    );
}

/// The fields of `value` that are different or absent in `other`.
fn different(value: &Value, other: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let fields = fields.iter().filter(|(name, field)| other.get(name) != Some(field));
    Value::Object(fields.map(|(name, field)| (name.clone(), field.clone())).collect())
}

/// The value with long texts cut. When it is still too long, only the names of its fields.
fn bounded(value: &Value) -> Value {
    let cut = cut_texts(value);
    if cut.to_string().len() <= MAX_VALUE_BYTES {
        return cut;
    }
    let names: Vec<&String> =
        cut.as_object().map(|fields| fields.keys().collect()).unwrap_or_default();
    json!({ "too_long": names })
}

fn cut_texts(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > MAX_TEXT_CHARS => {
            Value::String(text.chars().take(MAX_TEXT_CHARS).chain(['…']).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(cut_texts).collect()),
        Value::Object(fields) => {
            let cut = fields.iter().map(|(name, field)| (name.clone(), cut_texts(field)));
            Value::Object(cut.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(1);

    #[test]
    fn update_has_only_the_changed_fields() {
        let before = json!({"name": "Lamp", "price_cents": 100, "category": null});
        let after = json!({"name": "Lamp", "price_cents": 200, "category": "light"});
        let change = Change::updated("product.update", ID, &before, &after);
        assert_eq!(change.before, Some(json!({"price_cents": 100, "category": null})));
        assert_eq!(change.after, Some(json!({"price_cents": 200, "category": "light"})));
        let change = Change::updated("product.update", ID, &before, &before);
        assert!(change.is_unchanged);
    }

    #[test]
    fn values_are_bounded() {
        let long = json!({"description": "é".repeat(10_000)});
        let change = Change::created("product.create", ID, &long);
        let description = change.after.expect("a value")["description"].to_string();
        assert_eq!(description.chars().count(), MAX_TEXT_CHARS + 3, "two quotes, an ellipsis");
        let at_the_end = json!({"description": format!("{}.", "é".repeat(10_000))});
        let change = Change::updated("product.update", ID, &long, &at_the_end);
        assert!(!change.is_unchanged, "also when the difference is cut");
        let many = json!({"image_urls": vec!["u".repeat(200); 20], "name": "Lamp"});
        let change = Change::created("product.create", ID, &many);
        assert_eq!(change.after, Some(json!({"too_long": ["image_urls", "name"]})));
    }
}
