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

/// The limit by client address.
#[derive(Clone)]
pub(crate) struct ClientLimit {
    pub(crate) limiter: Arc<Limiter>,
    /// None: no limit.
    pub(crate) quota: Option<Quota>,
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
    let Some(quota) = limit.quota.filter(|_| request.uri().path() != PROBED) else {
        return next.run(request).await;
    };
    let client: IpAddr = client_ip(peer.ip(), request.headers(), &limit.trusted);
    let verdict = limit.limiter.take("ip", &counted_as(client), quota).await;
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
