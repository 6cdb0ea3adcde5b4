//! The smallest merge patch (RFC 7386) that turns one status into another.

use serde_json::{Map, Value};

/// Returns the patch from `old` to `new`; `None` when they are equivalent. Fields that `new` lacks
/// are removed: a missing field and a null are the same to a merge patch.
#[must_use]
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let patch = object_patch(old, new);
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        _ => (old != new).then(|| new.clone()),
    }
}

fn object_patch(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let removed = old.iter().filter(|(name, value)| !value.is_null() && !new.contains_key(*name));
    let mut patch: Map<_, _> = removed.map(|(name, _)| (name.clone(), Value::Null)).collect();
    for (name, value) in new {
        let change = merge_patch(old.get(name).unwrap_or(&Value::Null), value);
        patch.extend(change.map(|change| (name.clone(), change)));
    }
    patch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patch_contains_only_differences() {
        let cases = [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1}), json!({"a": 2}), Some(json!({"a": 2}))),
            (json!({"a": 1, "b": 2}), json!({"a": 1}), Some(json!({"b": null}))),
            (json!({"a": 1, "b": null}), json!({"a": 1}), None),
            (
                json!({"a": {"b": 1, "c": 2}}),
                json!({"a": {"b": 1}}),
                Some(json!({"a": {"c": null}})),
            ),
            (json!({"l": [1, 2]}), json!({"l": [1]}), Some(json!({"l": [1]}))),
            (Value::Null, json!({"a": 1}), Some(json!({"a": 1}))),
        ];
        for (old, new, patch) in cases {
            assert_eq!(merge_patch(&old, &new), patch, "{old} -> {new}");
        }
    }
}
