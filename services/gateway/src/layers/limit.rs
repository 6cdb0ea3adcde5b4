//! How much one client may ask.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::PROBED;
use crate::client_ip::{Network, client_ip, counted_as};
use crate::limit::{Limiter, Quota, Verdict};
use crate::problem::Code;

/// Where passwords and reset tokens could be guessed, or mails sent to strangers. Refreshing is not
/// among them: its tokens are beyond guessing, and a household behind one address refreshes often.
const GUESSABLE: [&str; 5] = [
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/password/forgot",
    "/api/v1/auth/password/reset",
    "/api/v1/auth/password/change",
];

/// The limits by client address.
#[derive(Clone)]
pub(crate) struct ClientLimit {
    pub(crate) limiter: Arc<Limiter>,
    /// Of all requests. None: no limit.
    pub(crate) quota: Option<Quota>,
    /// Of attempts to guess, beside. None: no limit.
    pub(crate) sign_in: Option<Quota>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted: Arc<[Network]>,
}

/// Counts the request, and answers 429 when it is one too many.
pub(super) async fn limit(
    State(limit): State<ClientLimit>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if path == PROBED {
        return next.run(request).await;
    }
    let client: IpAddr = client_ip(peer.ip(), request.headers(), &limit.trusted);
    let verdict = limit.take(&counted_as(client), GUESSABLE.contains(&path)).await;
    let Some(verdict) = verdict else { return next.run(request).await };
    let mut response = match verdict.allowed {
        true => next.run(request).await,
        false => {
            let after = Duration::from_secs(verdict.retry_after_secs);
            Code::RateLimited.problem().retry_after(after).into_response()
        }
    };
    tell(response.headers_mut(), &verdict);
    response
}

impl ClientLimit {
    /// Takes a token from every bucket that holds for the request: what the tightest one says.
    async fn take(&self, client: &str, guessable: bool) -> Option<Verdict> {
        let attempts = self.sign_in.filter(|_| guessable);
        let mut told: Option<Verdict> = None;
        for (name, quota) in [("ip", self.quota), ("sign-in", attempts)] {
            let Some(quota) = quota else { continue };
            let verdict = self.limiter.take(name, client, quota).await;
            if told.is_none_or(|told| verdict.remaining <= told.remaining) {
                told = Some(verdict);
            }
            if !verdict.allowed {
                return Some(verdict);
            }
        }
        told
    }
}

fn tell(headers: &mut HeaderMap, verdict: &Verdict) {
    let told = [
        ("ratelimit-limit", u64::from(verdict.limit)),
        ("ratelimit-remaining", u64::from(verdict.remaining)),
        ("ratelimit-reset", verdict.reset_secs),
    ];
    for (name, number) in told {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
    }
}
