//! Conditional requests (RFC 9110, section 13): `If-Match` of edits, and the documentation of
//! `If-None-Match`, which `layers::caching` evaluates.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use utoipa::IntoParams;

use super::Validator;
use crate::entity_tag::{self, TagError};

/// Name of the header in the OpenAPI document and in errors.
const NAME: &str = "If-Match";

/// Expected revision of a tag that no product can have. Revisions start at 1.
const NEVER: i64 = 0;

/// Maximum number of different tags. The catalog has the same limit.
const MAX_TAGS: usize = 100;

/// Header `If-Match` of a request, before validation.
pub(crate) struct IfMatch(HeaderMap);

/// Condition of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Any revision: `*`.
    Any,
    /// One of these revisions.
    OneOf(Vec<i64>),
}

impl Condition {
    /// Returns the expected revision and the other ones as in the messages: none for any.
    pub(crate) fn expected_revisions(self) -> (Option<i64>, Vec<i64>) {
        match self {
            Self::Any => (None, Vec::new()),
            Self::OneOf(revisions) => {
                let mut revisions = revisions.into_iter();
                (revisions.next(), revisions.collect())
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(header::IF_MATCH).iter();
        Ok(Self(values.map(|value| (header::IF_MATCH, value.clone())).collect()))
    }
}

impl IfMatch {
    /// Validates the condition, if there is one. Several tags match if one of them does. A tag of
    /// another form than the shop's is valid and never matches.
    pub(crate) fn validate(self, validator: &mut Validator) -> Option<Condition> {
        // Several lines are one list (RFC 9110, section 5.3).
        let lines: Vec<_> = self.0.values().map(|value| value.to_str().unwrap_or("\0")).collect();
        if lines.is_empty() {
            return None;
        }
        let list = lines.join(",");
        if list.trim() == "*" {
            return Some(Condition::Any);
        }
        let (code, detail) = match entity_tag::parse_strong(&list).as_deref() {
            Ok(tags) => {
                let revisions = tags.iter().filter_map(|tag| entity_tag::revision(tag));
                let revisions: BTreeSet<_> = revisions.collect();
                match revisions.len() {
                    0 => return Some(Condition::OneOf(vec![NEVER])),
                    1..=MAX_TAGS => {
                        return Some(Condition::OneOf(revisions.into_iter().collect()));
                    }
                    _ => ("too_long", "must have at most 100 tags"),
                }
            }
            Err(TagError::Weak) => ("invalid", "must be a strong tag, such as \"r7\", without W/"),
            Err(TagError::Malformed) => {
                ("invalid", "must be * or the ETag of the product, such as \"r7\"")
            }
        };
        validator.fail(NAME, code, detail);
        None
    }
}

/// Documentation of `If-Match`.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by `IfMatch`; documents the header")]
pub(crate) struct IfMatchHeader {
    /// The `ETag` of the product that the change is based on, or `*` for any. Several tags,
    /// separated by commas, match if one of them does. If the product has changed since then,
    /// nothing is changed.
    #[param(rename = "If-Match", example = "\"r7\"")]
    tag: Option<String>,
}

/// Documentation of `If-None-Match`.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by `layers::caching`; documents the header")]
pub(crate) struct IfNoneMatchHeader {
    /// `ETag` of an earlier response. If the response is unchanged, it is 304 without a body.
    #[param(rename = "If-None-Match", example = "W/\"5rvbOmEFVkR7SRXBhVpTOQ\"")]
    tag: Option<String>,
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{Condition, IfMatch, NEVER, Validator};

    fn validate(lines: &[&'static str]) -> Result<Option<Condition>, String> {
        let values = lines.iter().map(|line| HeaderValue::from_static(line));
        let headers: HeaderMap = values.map(|value| (header::IF_MATCH, value)).collect();
        let mut validator = Validator::new();
        let condition = IfMatch(headers).validate(&mut validator);
        match validator.errors.into_iter().next() {
            Some(error) => Err(error.code),
            None => Ok(condition),
        }
    }

    #[test]
    fn condition_is_strong_tags_or_any() {
        let revisions = |revisions: &[i64]| Ok(Some(Condition::OneOf(revisions.to_vec())));
        let revision = |revision| revisions(&[revision]);
        assert_eq!(validate(&[]), Ok(None));
        assert_eq!(validate(&[" * "]), Ok(Some(Condition::Any)));
        assert_eq!(validate(&["\"r7\""]), revision(7));
        assert_eq!(validate(&["\"r7\", \"r7\""]), revision(7));
        assert_eq!(validate(&["\"r7\"", "\"r7\""]), revision(7));
        assert_eq!(validate(&["\"abc\""]), revision(NEVER));
        assert_eq!(validate(&["\"r8\", \"abc\"", "\"r7\""]), revisions(&[7, 8]));
        for invalid in ["W/\"r7\"", "r7", "", "\"r7\", *"] {
            assert_eq!(validate(&[invalid]), Err("invalid".to_owned()), "{invalid}");
        }
    }

    #[test]
    fn number_of_tags_is_bounded() {
        let tags = |count| -> &'static str {
            let tags: Vec<_> = (1..=count).map(|number| format!("\"r{number}\"")).collect();
            tags.join(", ").leak()
        };
        let all: Vec<i64> = (1..=100).collect();
        assert_eq!(validate(&[tags(100)]), Ok(Some(Condition::OneOf(all))));
        assert_eq!(validate(&[tags(101)]), Err("too_long".to_owned()));
    }
}
