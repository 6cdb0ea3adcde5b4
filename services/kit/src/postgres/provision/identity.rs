//! The identity of a database's owner, which PostgreSQL stores in comments.

use std::fmt;
use std::str::FromStr;

/// The start of the comment on a database or role that contains an identity. A comment without it
/// was written by someone else and is no identity.
const COMMENT_PREFIX: &str = "storefront.dev/owner: ";

/// Longest identity in characters: a uid of 36, and Kubernetes names of at most 253.
const MAX_LENGTH: usize = 600;

/// The identity of the Storefront that owns a database: `<cluster>/<namespace>/<name>`, where the
/// cluster is identified by the uid of its namespace `kube-system`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity(String);

impl FromStr for DatabaseIdentity {
    type Err = String;

    /// Parses an identity. Only characters of Kubernetes names are accepted, so an identity needs
    /// no quoting in SQL.
    fn from_str(text: &str) -> Result<Self, String> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let is_name = |part: &str| !part.is_empty() && part.bytes().all(allowed);
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() == 3 && text.len() <= MAX_LENGTH && parts.into_iter().all(is_name) {
            return Ok(Self(text.to_owned()));
        }
        Err("expected <cluster>/<namespace>/<name>".to_owned())
    }
}

impl fmt::Display for DatabaseIdentity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl DatabaseIdentity {
    /// Returns the comment that stores this identity.
    pub(super) fn comment(&self) -> String {
        format!("{COMMENT_PREFIX}{self}")
    }

    /// Reads an identity from a comment. A damaged identity is kept as it is: it equals no valid
    /// one, so its database counts as someone else's.
    pub(super) fn from_comment(comment: &str) -> Option<Self> {
        let text = comment.strip_prefix(COMMENT_PREFIX)?;
        Some(Self(text.chars().take(MAX_LENGTH).collect()))
    }
}

/// The owner from which databases may be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeOver {
    /// The Storefront with this identity.
    From(DatabaseIdentity),
    /// The unknown owner of databases without an identity.
    Unidentified,
}

impl FromStr for TakeOver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Unidentified),
            identity => identity
                .parse()
                .map(Self::From)
                .map_err(|_| "expected <cluster>/<namespace>/<name> or none".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_has_three_parts_of_kubernetes_names() {
        let text = "0b54f7c6-7d3e-4a34-9f6c-0d2a4b9a2f10/shop/demo";
        let identity: DatabaseIdentity = text.parse().expect("an identity");
        assert_eq!(DatabaseIdentity::from_comment(&identity.comment()), Some(identity));
        for bad in ["", "a/b", "a/b/", "a/b/c/d", "a/b/C", "a/b/c'; DROP DATABASE d", "a/b/ü"] {
            assert!(bad.parse::<DatabaseIdentity>().is_err(), "{bad}");
        }
    }

    #[test]
    fn foreign_comment_is_no_identity_and_damaged_identity_matches_nobody() {
        assert_eq!(DatabaseIdentity::from_comment("the shop's catalog"), None);
        let damaged = DatabaseIdentity::from_comment("storefront.dev/owner: a/b");
        assert!(damaged.is_some_and(|identity| identity.to_string() == "a/b"));
    }

    #[test]
    fn take_over_names_an_identity_or_none() {
        assert_eq!("none".parse(), Ok(TakeOver::Unidentified));
        assert!(matches!("a/b/c".parse(), Ok(TakeOver::From(identity)) if identity.0 == "a/b/c"));
        assert!("all".parse::<TakeOver>().is_err());
    }
}
