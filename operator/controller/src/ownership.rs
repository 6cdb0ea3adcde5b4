//! Whose an object is that has the name of a child and that no watch has told of. Pure.

use kube::core::ObjectMeta;
use serde_json::Value;
use storefront_api::names::{MANAGER, STOREFRONT_LABEL};

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This Storefront's: the watch lags, or somebody took away the label that it selects by.
    Ours,
    /// It is on its way out, or a former Storefront's and about to be.
    Leaving,
    /// Somebody else's.
    Theirs,
}

/// Whose the object with the metadata `there` is, where `manifest` is wanted.
///
/// Owner references decide where there are any of a Storefront's. Volumes have none, and an owner
/// can be taken away by hand like a label; then it is ours if it says so, or if this operator has
/// written it before, which the API server keeps book of.
#[must_use]
pub fn whose(there: &ObjectMeta, manifest: &Value) -> Whose {
    if there.deletion_timestamp.is_some() {
        return Whose::Leaving;
    }
    let owner = manifest["metadata"]["ownerReferences"][0]["uid"].as_str();
    let mut owners = there.owner_references.iter().flatten().filter(|o| o.kind == "Storefront");
    if let Some(first) = owners.next() {
        let is_ours =
            Some(first.uid.as_str()) == owner || owners.any(|o| Some(o.uid.as_str()) == owner);
        return if is_ours { Whose::Ours } else { Whose::Leaving };
    }
    let storefront = manifest["metadata"]["labels"][STOREFRONT_LABEL].as_str();
    let label = there.labels.as_ref().and_then(|labels| labels.get(STOREFRONT_LABEL));
    let says_so = label.is_some() && label.map(String::as_str) == storefront;
    let mut writers = there.managed_fields.iter().flatten().map(|entry| entry.manager.as_deref());
    match says_so || writers.any(|writer| writer == Some(MANAGER)) {
        true => Whose::Ours,
        false => Whose::Theirs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_owner_decides_and_without_one_what_the_object_says_of_itself() {
        let owner = |uid: &str| {
            json!([{ "apiVersion": "storefront.dev/v1alpha1", "kind": "Storefront",
                     "name": "demo", "uid": uid, "controller": true }])
        };
        let labels = |name: &str| json!({ STOREFRONT_LABEL: name });
        let written_by = |manager: &str| json!([{ "manager": manager, "operation": "Apply" }]);
        let cases = [
            ("a stranger's", json!({}), Whose::Theirs),
            ("a stranger's with labels", json!({ "labels": { "app": "web" } }), Whose::Theirs),
            (
                "a stranger's by hand",
                json!({ "managedFields": written_by("kubectl") }),
                Whose::Theirs,
            ),
            ("another shop's volume", json!({ "labels": labels("other") }), Whose::Theirs),
            ("a kept volume", json!({ "labels": labels("demo") }), Whose::Ours),
            (
                "a volume without labels",
                json!({ "managedFields": written_by(MANAGER) }),
                Whose::Ours,
            ),
            ("ours without labels", json!({ "ownerReferences": owner("uid") }), Whose::Ours),
            (
                "a former Storefront's",
                json!({ "ownerReferences": owner("former"), "labels": labels("demo") }),
                Whose::Leaving,
            ),
            (
                "ours, being deleted",
                json!({
                    "ownerReferences": owner("uid"), "deletionTimestamp": "2026-01-01T00:00:00Z",
                }),
                Whose::Leaving,
            ),
        ];
        let wanted =
            json!({ "metadata": { "labels": labels("demo"), "ownerReferences": owner("uid") } });
        for (case, there, expected) in cases {
            let there: ObjectMeta = serde_json::from_value(there).unwrap();
            assert_eq!(whose(&there, &wanted), expected, "{case}");
        }
    }
}
