//! Decides who owns an existing object that has the name of a child but is not in the index. Pure.

use kube::core::ObjectMeta;
use serde_json::Value;
use storefront_api::names::{MANAGER, STOREFRONT_LABEL};

/// The owner of an existing object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// This Storefront. The object is not in the index because the watch lags, or because the label
    /// that the watch selects was removed.
    Owned,
    /// None that will remain: the object is being deleted, or its owner is a deleted Storefront and
    /// the garbage collector will delete it.
    Terminating,
    /// Another client.
    Foreign,
}

/// Returns who owns the object with the metadata `existing`, where `manifest` is desired.
///
/// An owner reference to a Storefront decides. Without one, the object is owned if its label names
/// this Storefront, or if `managedFields` shows an earlier write of this operator. Volumes have no
/// owner reference, and users can remove owner references and labels.
#[must_use]
pub fn ownership_of(existing: &ObjectMeta, manifest: &Value) -> Ownership {
    if existing.deletion_timestamp.is_some() {
        return Ownership::Terminating;
    }
    let owner = manifest["metadata"]["ownerReferences"][0]["uid"].as_str();
    let mut owners = existing.owner_references.iter().flatten().filter(|o| o.kind == "Storefront");
    if let Some(first) = owners.next() {
        let is_owned =
            Some(first.uid.as_str()) == owner || owners.any(|o| Some(o.uid.as_str()) == owner);
        return if is_owned { Ownership::Owned } else { Ownership::Terminating };
    }
    let storefront = manifest["metadata"]["labels"][STOREFRONT_LABEL].as_str();
    let label = existing.labels.as_ref().and_then(|labels| labels.get(STOREFRONT_LABEL));
    let is_labeled = label.is_some() && label.map(String::as_str) == storefront;
    let mut writers =
        existing.managed_fields.iter().flatten().map(|entry| entry.manager.as_deref());
    match is_labeled || writers.any(|writer| writer == Some(MANAGER)) {
        true => Ownership::Owned,
        false => Ownership::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ownership_follows_owner_then_label_then_managed_fields() {
        let owner = |uid: &str| {
            json!([{ "apiVersion": "storefront.dev/v1alpha1", "kind": "Storefront",
                     "name": "demo", "uid": uid, "controller": true }])
        };
        let labels = |name: &str| json!({ STOREFRONT_LABEL: name });
        let written_by = |manager: &str| json!([{ "manager": manager, "operation": "Apply" }]);
        let cases = [
            ("foreign", json!({}), Ownership::Foreign),
            ("foreign with labels", json!({ "labels": { "app": "web" } }), Ownership::Foreign),
            (
                "foreign, written with kubectl",
                json!({ "managedFields": written_by("kubectl") }),
                Ownership::Foreign,
            ),
            (
                "a volume of another Storefront",
                json!({ "labels": labels("other") }),
                Ownership::Foreign,
            ),
            ("a labeled volume", json!({ "labels": labels("demo") }), Ownership::Owned),
            (
                "an unlabeled volume that the operator wrote",
                json!({ "managedFields": written_by(MANAGER) }),
                Ownership::Owned,
            ),
            ("owned without labels", json!({ "ownerReferences": owner("uid") }), Ownership::Owned),
            (
                "owned by a former Storefront",
                json!({ "ownerReferences": owner("former"), "labels": labels("demo") }),
                Ownership::Terminating,
            ),
            (
                "owned and being deleted",
                json!({
                    "ownerReferences": owner("uid"), "deletionTimestamp": "2026-01-01T00:00:00Z",
                }),
                Ownership::Terminating,
            ),
        ];
        let desired =
            json!({ "metadata": { "labels": labels("demo"), "ownerReferences": owner("uid") } });
        for (case, existing, expected) in cases {
            let existing: ObjectMeta = serde_json::from_value(existing).unwrap();
            assert_eq!(ownership_of(&existing, &desired), expected, "{case}");
        }
    }
}
