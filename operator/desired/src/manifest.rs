//! Conversion of typed objects into manifests, and content hashes.

use k8s_openapi::Resource;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Serializes an object as the manifest to apply. Fields that are not set are absent, never null.
pub(crate) fn manifest<T: Resource + Serialize>(object: &T) -> Value {
    value(object)
}

/// Returns the first eight hexadecimal digits of the content's SHA-256. This is enough to
/// distinguish the few contents that one child has in its lifetime.
pub(crate) fn hash8<T: Serialize>(content: &T) -> String {
    let digest = Sha256::digest(value(content).to_string());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::expect_used, reason = "types of the API are plain data with string keys")]
fn value<T: Serialize>(content: &T) -> Value {
    serde_json::to_value(content).expect("plain data is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_stable_and_differs_by_content() {
        assert_eq!(hash8(&["a"]), hash8(&["a"]));
        assert_ne!(hash8(&["a"]), hash8(&["b"]));
        assert_eq!(hash8(&["a"]).len(), 8);
    }
}
