//! Whom to call, and how.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longest time for a call, retry included, unless the target or the call says otherwise.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// Time between two looks at the name. Short, so that a new pod gets its share soon; a pod that is
/// gone is noticed by the first call anyway.
const DEFAULT_REFRESH: Duration = Duration::from_secs(5);

/// The address of a service as a setting: `http://catalog:50052`. The name may stand for many
/// addresses (a headless Service).
///
/// It is written with `http` also where TLS is on: TLS is a setting of the process
/// ([`crate::grpc::TlsArgs`]) and then holds for every target.
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
    /// Host and port as they stand in a URL.
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

/// A service to call: its address, and what is known of its RPCs.
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
    /// The service `name` (its name in metrics) at `url`.
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

    /// The RPCs that change nothing (`ListProducts`), which may be tried again when the connection
    /// breaks under them.
    #[must_use]
    pub fn reads(mut self, reads: &'static [&'static str]) -> Self {
        self.reads = reads;
        self
    }

    /// The RPCs that answer with a stream. They have no deadline unless the call sets one. (All
    /// others answer with one message and are waited for to the end.)
    #[must_use]
    pub fn streams(mut self, streams: &'static [&'static str]) -> Self {
        self.streams = streams;
        self
    }

    /// Longest time for a call that sets none itself; 5 s by default.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Time between two looks at the name; 5 s by default.
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
    fn addresses_are_a_host_and_a_port() {
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
    fn what_is_no_address_is_refused_with_the_form_expected() {
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
    fn https_is_refused_with_the_setting_to_use_instead() {
        let refusal = "https://catalog:1".parse::<TargetUrl>().expect_err("no form of ours");
        assert!(refusal.contains("GRPC_TLS_CERT"), "{refusal}");
    }
}
