//! Fingerprints: equal content, equal number.
//!
//! They are kept in memory only and never compared across processes, so the hash may change with
//! the compiler. Sixty-four bits over some dozens of children make a chance collision irrelevant.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use serde_json::Value;

/// The fingerprint of anything that can be hashed.
pub(crate) fn of(content: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// The fingerprint of a manifest, without making its text: keys are sorted, so equal manifests are
/// written as equal bytes.
pub(crate) fn of_manifest(manifest: &Value) -> u64 {
    let mut sink = Sink(DefaultHasher::new());
    // A Value always serialises and the sink never fails; if that ever changed, the numbers of what
    // was hashed so far would still be equal for equal content.
    drop(serde_json::to_writer(&mut sink, manifest));
    sink.0.finish()
}

struct Sink(DefaultHasher);

impl io::Write for Sink {
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

    use super::of_manifest;

    #[test]
    fn any_difference_shows_and_the_order_of_keys_does_not() {
        let manifest = json!({"a": 1, "b": {"c": [1, 2]}});
        assert_eq!(of_manifest(&manifest), of_manifest(&json!({"b": {"c": [1, 2]}, "a": 1})));
        for other in [json!({"a": 2, "b": {"c": [1, 2]}}), json!({"a": 1, "b": {"c": [2, 1]}})] {
            assert_ne!(of_manifest(&manifest), of_manifest(&other));
        }
    }
}
