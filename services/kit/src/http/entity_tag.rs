//! Entity tags of HTTP responses.

use http::HeaderValue;

/// Whether one of these values of `If-None-Match` matches the tag, by weak comparison (RFC 9110,
/// 13.1.2).
pub fn matches_etag<'a>(
    if_none_match: impl IntoIterator<Item = &'a HeaderValue>,
    tag: &HeaderValue,
) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    let is_equal = |known: &str| {
        known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/")
    };
    let lists = if_none_match.into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(is_equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_is_compared_weakly_in_all_lists() {
        let tag = HeaderValue::from_static("W/\"c\"");
        for known in ["W/\"c\"", "\"c\"", "\"a\", W/\"c\"", "*"] {
            assert!(matches_etag([&HeaderValue::from_static(known)], &tag), "{known}");
        }
        let other = HeaderValue::from_static("\"a\", W/\"b\"");
        assert!(!matches_etag([&other], &tag));
        assert!(matches_etag([&other, &tag], &tag));
        assert!(!matches_etag(None, &tag));
    }
}
