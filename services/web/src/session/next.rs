//! The page to which the browser goes after sign-in.

use std::fmt;

use http::uri::PathAndQuery;
use serde::{Deserialize, Deserializer};

/// Maximum length in bytes.
const MAX_BYTES: usize = 512;

/// A path of this shop, with its query. Anything else becomes `/`, so that no link can send a
/// customer from the sign-in page to another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    /// Reads a path; `/` if it is not one of this shop.
    pub(crate) fn new(text: &str) -> Self {
        Self(if is_local(text) { text.to_owned() } else { "/".to_owned() })
    }

    /// The path and query.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the URL of the sign-in page that leads to this page.
    pub(crate) fn sign_in_url(&self, reason: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.0 != "/" {
            query.append_pair("next", &self.0);
        }
        if let Some(reason) = reason {
            query.append_pair("reason", reason);
        }
        match query.finish() {
            query if query.is_empty() => "/login".to_owned(),
            query => format!("/login?{query}"),
        }
    }
}

impl Default for Next {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Next {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

/// Whether the text is a path of this shop. Browsers read `//` and `/\` as the start of a host.
fn is_local(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('/')
        && !matches!(chars.next(), Some('/' | '\\'))
        && text.len() <= MAX_BYTES
        && !text.chars().any(char::is_control)
        && text.parse::<PathAndQuery>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::Next;

    #[test]
    fn only_paths_of_the_shop_are_kept() {
        for local in ["/", "/cart", "/checkout/review?address=a&ship=UPS~Ground", "/search?q=a%20b"]
        {
            assert_eq!(Next::new(local).as_str(), local);
        }
        let long = format!("/{}", "a".repeat(512));
        for foreign in [
            "",
            "cart",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\tevil",
            "/a\r\nSet-Cookie: a=b",
            "/a b",
            &long,
        ] {
            assert_eq!(Next::new(foreign).as_str(), "/", "{foreign}");
        }
    }

    #[test]
    fn sign_in_url_escapes_the_path() {
        let next = Next::new("/search?q=a&page=2");
        assert_eq!(next.sign_in_url(None), "/login?next=%2Fsearch%3Fq%3Da%26page%3D2");
        assert_eq!(Next::default().sign_in_url(Some("expired")), "/login?reason=expired");
        assert_eq!(Next::default().sign_in_url(None), "/login");
    }
}
