//! URLs without a path: of the gateway, and of the shop itself.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// An http or https URL without a path, normalized as browsers write an origin: lower case, and
/// without the default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Whether the scheme is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Returns the URL of a path, which starts with `/`.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The URL as text, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses an http URL.
    ///
    /// # Errors
    /// Returns a sentence that shows an example.
    pub fn parse_http(text: &str) -> Result<Self, String> {
        let url: Self = text.parse()?;
        match url.is_https() {
            true => Err("expected an http URL: TLS to the gateway is not supported".to_owned()),
            false => Ok(url),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("expected a URL such as https://shop.example.com: {text}");
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
        let (Some(scheme), Some(host)) = (scheme, uri.host()) else { return Err(invalid()) };
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if has_user || uri.query().is_some() || !matches!(uri.path(), "" | "/") || host.is_empty() {
            return Err(invalid());
        }
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = uri.port_u16().filter(|port| *port != default_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{}{port}", host.to_ascii_lowercase())))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn url_is_normalized_as_browsers_do() {
        for (text, normalized) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://Shop.Example.com:443/", "https://shop.example.com"),
            ("http://shop.example.com:80", "http://shop.example.com"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), normalized);
        }
    }

    #[test]
    fn url_with_path_user_or_other_scheme_is_rejected() {
        for text in [
            "",
            "shop.example.com",
            "ftp://shop.example.com",
            "https://shop.example.com/de",
            "https://shop.example.com?a",
            "https://ada@shop.example.com",
        ] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text}");
        }
        assert!(BaseUrl::parse_http("https://gateway").is_err());
        assert!(BaseUrl::parse_http("http://gateway:8080").is_ok());
    }
}
