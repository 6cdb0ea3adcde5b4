//! Rate limits per client address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use kit::context;
use kit::http::Sender;
use kit::origin::ClientNetwork;

use super::{HEALTH_PATH, UntrustedProxyMonitor};
use crate::problem::Code;
use crate::rate_limit::{Quota, RateLimitDecision, RateLimiter};

/// Routes that allow guessing passwords or reset tokens, or sending mails to strangers. Refreshing
/// a session is not among them: its tokens cannot be guessed, and a household behind one address
/// refreshes often.
const CREDENTIAL_PATHS: [&str; 8] = [
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/password/forgot",
    "/api/v1/auth/password/reset",
    "/api/v1/auth/password/change",
    "/api/v1/auth/verify-email",
    "/api/v1/me/verify-email",
    "/api/v1/me/email",
];

/// Route whose response reveals whether an address has an account (409).
const REGISTER_PATH: &str = "/api/v1/auth/register";

/// Rate limits per client address.
#[derive(Clone)]
pub(crate) struct ClientLimit {
    pub(crate) limiter: Arc<RateLimiter>,
    /// Quota of all requests. None: no limit.
    pub(crate) quota: Option<Quota>,
    /// Quota of all requests that arrive with the key of a trusted proxy. None: no limit.
    pub(crate) web: Option<Quota>,
    /// Additional quota of requests to [`CREDENTIAL_PATHS`]. None: no limit.
    pub(crate) sign_in: Option<Quota>,
    /// Additional quota of registrations. None: no limit.
    pub(crate) register: Option<Quota>,
    pub(crate) untrusted_proxies: UntrustedProxyMonitor,
}

/// Takes a token for the request, and responds 429 when the bucket is empty. A 429 also closes a
/// direct HTTP/1 connection, which a client that ignores the limit would use for its next request.
/// Connections of proxies belong to other clients, too.
pub(super) async fn limit(
    State(limit): State<ClientLimit>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(sender): Extension<Sender>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if path == HEALTH_PATH {
        return next.run(request).await;
    }
    if sender.is_direct {
        limit.untrusted_proxies.observe(peer.ip(), request.headers());
    }
    context::origin().set_network(ClientNetwork::of(sender.client.address()));
    let closes_on_429 = sender.is_direct && request.version() < Version::HTTP_2;
    let decision = limit.take(sender, path).await;
    let mut response = match decision.filter(|decision| !decision.allowed) {
        None => next.run(request).await,
        Some(decision) => {
            let after = Duration::from_secs(decision.retry_after_secs);
            Code::RateLimited.problem().retry_after(after).into_response()
        }
    };
    if let Some(decision) = decision {
        set_headers(response.headers_mut(), &decision);
    }
    if closes_on_429 && response.status() == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl ClientLimit {
    /// Takes a token from every bucket that applies to the request, and returns the decision of the
    /// bucket with the fewest tokens left.
    async fn take(&self, sender: Sender, path: &str) -> Option<RateLimitDecision> {
        let client = sender.client.to_string();
        let all = match sender.has_proxy_key {
            true => ("web", self.web),
            false => ("ip", self.quota),
        };
        let sign_in = self.sign_in.filter(|_| CREDENTIAL_PATHS.contains(&path));
        let register = self.register.filter(|_| path == REGISTER_PATH);
        let mut most_restrictive: Option<RateLimitDecision> = None;
        for (name, quota) in [all, ("sign-in", sign_in), ("register", register)] {
            let Some(quota) = quota else { continue };
            let decision = self.limiter.take(name, &client, quota).await;
            if most_restrictive.is_none_or(|other| decision.remaining <= other.remaining) {
                most_restrictive = Some(decision);
            }
            if !decision.allowed {
                return Some(decision);
            }
        }
        most_restrictive
    }
}

/// Adds the headers of the decision, unless a handler has added those of a narrower limit.
fn set_headers(headers: &mut HeaderMap, decision: &RateLimitDecision) {
    for (name, value) in decision.headers() {
        headers.entry(name).or_insert(value);
    }
}
