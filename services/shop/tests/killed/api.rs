//! A client of the REST API, which sends each request to a random gateway.

use std::time::Duration;

use rand::seq::IndexedRandom as _;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use uuid::Uuid;

/// The longest time of a request, a little above the gateway's own limit.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

/// A response; `None` if there was none.
pub(crate) type Response = Option<(StatusCode, Value)>;

/// A client of several gateways.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    gateways: Vec<String>,
}

impl Api {
    pub(crate) fn new(gateways: Vec<String>) -> Self {
        Self { client: Client::builder().timeout(REQUEST_TIMEOUT).build().unwrap(), gateways }
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        token: &str,
        key: Option<Uuid>,
        body: Value,
    ) -> Response {
        let request = self.client.post(self.url(path)).json(&body);
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key.to_string()),
            None => request,
        };
        send(request, token).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Response {
        send(self.client.delete(self.url(path)), token).await
    }

    fn url(&self, path: &str) -> String {
        let gateway = self.gateways.choose(&mut rand::rng()).unwrap();
        format!("{gateway}{path}")
    }
}

async fn send(request: RequestBuilder, token: &str) -> Response {
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let response = request.send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.unwrap_or_default()))
}
