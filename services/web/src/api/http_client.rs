//! Sends calls to the gateway.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use kit::http::{Client, ProxyKey, X_FORWARDED_FOR, X_PROXY_KEY, call_headers};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::call::Call;
use super::event_reader::EventReader;
use super::problem::{CallError, Problem};
use super::tokens::{AccessToken, CartToken};
use crate::base_url::BaseUrl;

/// Largest response in bytes: a page of 100 products with descriptions of 10,000 characters has
/// at most 4 MiB.
const MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;

/// Connections to the gateway that stay open when they are idle. A page makes a few calls at once.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// Time after which an idle connection is closed: less than the keep-alive timeout of the gateway,
/// so that a call does not meet a connection that the gateway closes at that moment.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Timeout of a connection attempt. The gateway is on the same network.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The client of calls cannot be created.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be created")]
pub struct HttpClientError(#[source] reqwest::Error);

/// The header with the token of a guest's cart.
const CART_TOKEN: HeaderName = HeaderName::from_static("cart-token");

/// What a call proves to the gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential<'a> {
    /// Nothing: the call is public.
    None,
    /// That it is made for a customer.
    Access(&'a AccessToken),
    /// That it is made for the guest with this cart.
    Cart(&'a CartToken),
}

/// Connections to the gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    url: BaseUrl,
    key: Option<ProxyKey>,
}

/// The response to a successful call.
#[derive(Debug)]
pub(crate) struct Reply {
    body: Bytes,
}

impl Reply {
    /// Decodes the body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| CallError::InvalidResponse(error.to_string()))
    }
}

impl HttpClient {
    /// Creates a client of the gateway at `url`. With the key, the gateway believes the address of
    /// the visitor.
    pub(crate) fn new(url: BaseUrl, key: Option<ProxyKey>) -> Result<Self, HttpClientError> {
        let client = reqwest::Client::builder()
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // The gateway is reached directly, whatever proxies the environment names.
            .no_proxy()
            .build()
            .map_err(HttpClientError)?;
        Ok(Self { client, url, key })
    }

    /// Makes a call, until its timeout or the deadline of the request that it is made for. A call
    /// whose connection could not be established is repeated once, because nothing was sent.
    pub(crate) async fn send(
        &self,
        call: &Call,
        credential: Credential<'_>,
        visitor: Client,
    ) -> Result<Reply, CallError> {
        let attempt = || async {
            let response = self.respond(call, credential, visitor).await?;
            Ok(Reply { body: read(response).await? })
        };
        repeat_unsent(call, attempt).await
    }

    /// Opens a stream of events, as [`HttpClient::send`] makes a call. The timeout is that of the
    /// head of the response.
    pub(crate) async fn open_events(
        &self,
        call: &Call,
        credential: Credential<'_>,
        visitor: Client,
    ) -> Result<EventReader, CallError> {
        let response = repeat_unsent(call, || self.respond(call, credential, visitor)).await?;
        Ok(EventReader::new(response))
    }

    /// Sends a call, and returns the response when its head has arrived.
    async fn respond(
        &self,
        call: &Call,
        credential: Credential<'_>,
        visitor: Client,
    ) -> Result<reqwest::Response, CallError> {
        let mut request = self
            .client
            .request(call.method.clone(), self.url.join(&call.path))
            .headers(call_headers())
            .header(X_FORWARDED_FOR, visitor.address().to_string());
        if let Some(key) = &self.key {
            request = request.header(X_PROXY_KEY, key.header());
        }
        match credential {
            Credential::None => {}
            Credential::Access(token) => request = request.header(AUTHORIZATION, token.header()),
            Credential::Cart(token) => request = request.header(CART_TOKEN, token.header()),
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = &call.body {
            let json = HeaderValue::from_static("application/json");
            request = request.header(CONTENT_TYPE, json).body(body.clone());
        }
        let response = request.send().await.map_err(CallError::Unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after_secs = retry_after(&response);
        let body = read(response).await?;
        Err(CallError::Problem(Box::new(problem(status, &body, retry_after_secs))))
    }
}

/// Makes an attempt, and another one if the connection of the first could not be established, until
/// the timeout of the call or the deadline of the request that it is made for.
async fn repeat_unsent<T, F>(call: &Call, attempt: impl Fn() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let own = Instant::now() + call.timeout;
    let deadline = kit::context::deadline().map_or(own, |deadline| deadline.min(own));
    let attempts = async {
        match attempt().await {
            Err(CallError::Unreachable(error)) if error.is_connect() => attempt().await,
            result => result,
        }
    };
    timeout_at(deadline, attempts).await.unwrap_or(Err(CallError::TimedOut))
}

/// Decodes problem details. A proxy between may respond with something else.
fn problem(status: StatusCode, body: &[u8], retry_after_secs: Option<u64>) -> Problem {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    Problem { status: status.as_u16(), retry_after_secs, ..problem }
}

fn retry_after(response: &reqwest::Response) -> Option<u64> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

async fn read(mut response: reqwest::Response) -> Result<Bytes, CallError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::Unreachable)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(CallError::InvalidResponse("it is too large".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
