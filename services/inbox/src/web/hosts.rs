//! Host names of the inbox.
//!
//! The inbox has no authentication. A page on the internet could read its mails by DNS rebinding:
//! it resolves its own name to the address of the inbox, so that the browser regards both as one
//! origin. Such a request has the name of that page as its host. Hosts that are safe are IP
//! addresses, which have no DNS entry, and names that no public DNS server answers for.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::RequestError;

/// Suffixes of names that are not in public DNS: this machine, and Services of a cluster.
const PRIVATE_SUFFIXES: [&str; 3] = [".localhost", ".svc", ".svc.cluster.local"];

/// Host names of the settings, in lower case.
#[derive(Clone, Debug)]
pub(super) struct Hosts(Arc<[String]>);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether `host`, without a port, is an IP address, a private name or a name of the settings.
    fn contains(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_ipv6 = bracketed.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        let is_address = is_ipv6 || host.parse::<Ipv4Addr>().is_ok();
        // A name without a dot, such as `localhost` or that of a Service in the same namespace,
        // cannot be registered.
        let is_single_label = !host.is_empty() && !host.contains(['.', ':', '[']);
        let is_private = PRIVATE_SUFFIXES.iter().any(|suffix| host.ends_with(suffix));
        is_address || is_single_label || is_private || self.0.contains(&host)
    }
}

/// Whether an authority is only a host and perhaps a port. The parser accepts more, such as user
/// information, and takes `[::1].example.com` for the host `[::1]`.
fn is_host_and_port(authority: &Authority) -> bool {
    let rest = authority.as_str().strip_prefix(authority.host());
    let port = rest.map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    port.is_some_and(|port| port.chars().all(|c| c.is_ascii_digit()))
}

/// Responds 421 to requests for other hosts, and to requests without a host.
pub(super) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let line = request.uri().authority().cloned();
    let mut names = request.headers().get_all(HOST).iter();
    let header = names.next().and_then(|host| Authority::try_from(host.as_bytes()).ok());
    // The host of the request line, as in HTTP/2, has precedence.
    let host = line.or(header).filter(|host| names.next().is_none() && is_host_and_port(host));
    match host.is_some_and(|authority| hosts.contains(authority.host())) {
        true => next.run(request).await,
        false => RequestError::UnknownHost.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn addresses_and_names_outside_of_public_dns_are_known() {
        let hosts = Hosts::new(&["Mail.Example.com".to_owned()]);
        for known in [
            "127.0.0.1",
            "10.1.2.3",
            "[::1]",
            "localhost",
            "LOCALHOST",
            "inbox.localhost",
            "demo-inbox",
            "demo-inbox.shop.svc",
            "demo-inbox.shop.svc.cluster.local.",
            "mail.example.com",
        ] {
            assert!(hosts.contains(known), "{known}");
        }
        for unknown in [
            "",
            ".",
            "evil.example",
            "mail.example.com.evil.example",
            "a.mail.example.com",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1",
            "[evil.example]",
            "demo-inbox.shop",
        ] {
            assert!(!hosts.contains(unknown), "{unknown}");
        }
    }
}
