//! The target of a client: its URL and its RPCs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longest time for a call, retry included, unless the target or the call sets another.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// Time between two DNS lookups. Short, so that a new pod gets calls soon; a deleted pod is noticed
/// by the first failed call anyway.
const DEFAULT_REFRESH: Duration = Duration::from_secs(5);

/// The URL of a service as a setting: `http://catalog:50052`. The host may resolve to many
/// addresses (a headless Service).
///
/// The scheme is `http` also with TLS, because TLS is a setting of the process
/// ([`crate::grpc::TlsArgs`]) that applies to every target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUrl {
    pub(super) host: String,
    pub(super) port: u16,
}

impl FromStr for TargetUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected http://host:port";
        const NO_TLS: &str =
            "expected http://host:port, with TLS by GRPC_TLS_CERT and not by https";
        let uri: http::Uri = text.parse().map_err(|_| EXPECTED.to_owned())?;
        if uri.scheme_str() == Some("https") {
            return Err(NO_TLS.to_owned());
        }
        let plain = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        match uri.port_u16() {
            Some(port) if plain && !host.is_empty() => Ok(Self { host, port }),
            _ => Err(EXPECTED.to_owned()),
        }
    }
}

impl TargetUrl {
    /// Host and port in the form of a URL.
    pub(super) fn authority(&self) -> String {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{open}{}{close}:{}", self.host, self.port)
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority())
    }
}

/// A service to call: its URL and the properties of its RPCs.
#[derive(Clone, Debug)]
pub struct ClientTarget {
    pub(super) name: &'static str,
    pub(super) url: TargetUrl,
    pub(super) reads: &'static [&'static str],
    pub(super) streams: &'static [&'static str],
    pub(super) deadline: Duration,
    pub(super) refresh: Duration,
}

impl ClientTarget {
    /// The service `name` (its label in metrics) at `url`.
    #[must_use]
    pub fn new(name: &'static str, url: TargetUrl) -> Self {
        Self {
            name,
            url,
            reads: &[],
            streams: &[],
            deadline: DEFAULT_DEADLINE,
            refresh: DEFAULT_REFRESH,
        }
    }

    /// Sets the RPCs that change nothing (`ListProducts`), which are retried also when the
    /// connection breaks during the call.
    #[must_use]
    pub fn reads(mut self, reads: &'static [&'static str]) -> Self {
        self.reads = reads;
        self
    }

    /// Sets the RPCs with a response stream. They have no deadline unless the call sets one; that
    /// of the request for which the stream is opened applies until it is open. (All others respond
    /// with one message, which is read completely.)
    #[must_use]
    pub fn streams(mut self, streams: &'static [&'static str]) -> Self {
        self.streams = streams;
        self
    }

    /// Sets the timeout of calls that set no deadline; 5 s by default.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the time between two DNS lookups; 5 s by default.
    #[must_use]
    pub fn refresh(mut self, refresh: Duration) -> Self {
        self.refresh = refresh;
        self
    }

    pub(super) fn is_read(&self, method: &str) -> bool {
        self.reads.contains(&method)
    }

    pub(super) fn is_stream(&self, method: &str) -> bool {
        self.streams.contains(&method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_parsed_into_host_and_port() {
        for (text, host, port) in [
            ("http://catalog:50052", "catalog", 50052),
            ("http://catalog.shop.svc:1/", "catalog.shop.svc", 1),
            ("http://127.0.0.1:80", "127.0.0.1", 80),
            ("http://[::1]:80", "::1", 80),
        ] {
            let url: TargetUrl = text.parse().expect(text);
            assert_eq!((url.host.as_str(), url.port), (host, port));
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn invalid_url_is_rejected_with_the_expected_form() {
        for text in [
            "",
            "catalog",
            "catalog:50052",
            "http://catalog",
            "http://catalog:1/path",
            "http://:1",
            "http://catalog:99999",
        ] {
            let refusal = text.parse::<TargetUrl>().expect_err(text);
            assert_eq!(refusal, "expected http://host:port");
        }
    }

    #[test]
    fn https_is_rejected_with_the_setting_to_use() {
        let refusal = "https://catalog:1".parse::<TargetUrl>().expect_err("https is not supported");
        assert!(refusal.contains("GRPC_TLS_CERT"), "{refusal}");
    }
}
