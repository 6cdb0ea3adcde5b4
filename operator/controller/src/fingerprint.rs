//! Fingerprints: hashes that are equal for equal content.
//!
//! They are kept in memory only and never compared between processes, so the hash may change with
//! the compiler. With 64 bits and some dozens of children, collisions are negligible.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use serde_json::Value;

/// Returns the fingerprint of a hashable value.
pub(crate) fn hash(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// Returns the fingerprint of a manifest without allocating its text. Keys are sorted, so equal
/// manifests serialize to equal bytes.
pub(crate) fn hash_manifest(manifest: &Value) -> u64 {
    let mut writer = HashWriter(DefaultHasher::new());
    // A Value always serializes and the writer never fails. If that changed, the hash of the part
    // written so far would still be equal for equal content.
    drop(serde_json::to_writer(&mut writer, manifest));
    writer.0.finish()
}

struct HashWriter(DefaultHasher);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::hash_manifest;

    #[test]
    fn fingerprint_depends_on_values_and_not_on_key_order() {
        let manifest = json!({"a": 1, "b": {"c": [1, 2]}});
        assert_eq!(hash_manifest(&manifest), hash_manifest(&json!({"b": {"c": [1, 2]}, "a": 1})));
        for other in [json!({"a": 2, "b": {"c": [1, 2]}}), json!({"a": 1, "b": {"c": [2, 1]}})] {
            assert_ne!(hash_manifest(&manifest), hash_manifest(&other));
        }
    }
}
