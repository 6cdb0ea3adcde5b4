//! Entity tags (RFC 9110, section 8.8.3): weak ones of public responses, strong ones of revisions.

use http::HeaderValue;

/// Returns the strong tag of a revision, such as `"r7"`. Strong, because an edit with `If-Match`
/// depends on it. `None` for 0: the catalog is older than revisions.
pub(crate) fn from_revision(revision: i64) -> Option<HeaderValue> {
    let tag = || HeaderValue::try_from(format!("\"{}\"", opaque(revision))).ok();
    (revision > 0).then(tag).flatten()
}

/// Whether the tag is a strong one. Such a response has one representation: it is not compressed.
pub(crate) fn is_strong(tag: &HeaderValue) -> bool {
    !tag.as_bytes().starts_with(b"W/")
}

/// Returns the revision of a tag without its quotes; `None` if it is not the tag of a revision.
pub(crate) fn revision(tag: &str) -> Option<i64> {
    let number = tag.strip_prefix('r')?.parse().ok()?;
    // Strong tags are compared character by character: "r07" is not "r7".
    (opaque(number) == tag).then_some(number)
}

fn opaque(revision: i64) -> String {
    format!("r{revision}")
}

/// Error of a list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagError {
    /// The text is not a list of quoted tags.
    Malformed,
    /// The list contains a weak tag.
    Weak,
}

/// Parses a list of strong tags, such as `"r7", "r8"`, and returns them without quotes.
///
/// # Errors
/// Fails on a weak tag, and on text that is not a list of tags with at least one element.
pub(crate) fn parse_strong(list: &str) -> Result<Vec<&str>, TagError> {
    let mut tags = Vec::new();
    let mut rest = trim_start(list);
    while !rest.is_empty() {
        if rest.starts_with("W/\"") {
            return Err(TagError::Weak);
        }
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (tag, after) = quoted.ok_or(TagError::Malformed)?;
        tags.push(tag);
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return Err(TagError::Malformed);
        }
        rest = trim_start(after);
    }
    if tags.is_empty() { Err(TagError::Malformed) } else { Ok(tags) }
}

/// Skips the separators of a list, which may have empty elements (RFC 9110, section 5.6.1).
fn trim_start(list: &str) -> &str {
    list.trim_start_matches([' ', '\t', ','])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{TagError, from_revision, is_strong, parse_strong, revision};

    #[test]
    fn tag_of_a_revision_is_strong_and_read_back() {
        let tag = from_revision(7).expect("a tag");
        assert_eq!(tag, "\"r7\"");
        assert!(is_strong(&tag));
        assert!(!is_strong(&HeaderValue::from_static("W/\"r7\"")));
        assert_eq!(from_revision(0), None);
        assert_eq!(revision("r7"), Some(7));
        for other in ["", "r", "7", "r07", "r+7", "R7", "r7 ", "r99999999999999999999", "abc"] {
            assert_eq!(revision(other), None, "{other}");
        }
    }

    #[test]
    fn list_has_quoted_strong_tags() {
        assert_eq!(parse_strong("\"r7\""), Ok(vec!["r7"]));
        assert_eq!(parse_strong(" , \"r7\" ,\t\"a,b\","), Ok(vec!["r7", "a,b"]));
        for weak in ["W/\"r7\"", "\"r7\", W/\"r8\""] {
            assert_eq!(parse_strong(weak), Err(TagError::Weak), "{weak}");
        }
        for malformed in ["", ",", "r7", "\"r7", "\"r7\" \"r8\"", "w/\"r7\"", "*", "\"r7\", *"] {
            assert_eq!(parse_strong(malformed), Err(TagError::Malformed), "{malformed}");
        }
    }
}
