//! The shop as a browser reaches it: by any of its gateways.

use std::time::Duration;

use rand::seq::IndexedRandom as _;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use uuid::Uuid;

/// The longest time for a request, a little above the gateway's own.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(12);

/// An answer; `None` when there was none.
pub(crate) type Answer = Option<(StatusCode, Value)>;

/// Asks one gateway or another.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    gateways: Vec<String>,
}

impl Api {
    pub(crate) fn of(gateways: Vec<String>) -> Self {
        Self { client: Client::builder().timeout(REQUEST_TIMEOUT).build().unwrap(), gateways }
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        token: &str,
        key: Option<Uuid>,
        body: Value,
    ) -> Answer {
        let request = self.client.post(self.url(path)).json(&body);
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key.to_string()),
            None => request,
        };
        answer(request, token).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        answer(self.client.delete(self.url(path)), token).await
    }

    fn url(&self, path: &str) -> String {
        let gateway = self.gateways.choose(&mut rand::rng()).unwrap();
        format!("{gateway}{path}")
    }
}

async fn answer(request: RequestBuilder, token: &str) -> Answer {
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    let answer = request.send().await.ok()?;
    let status = answer.status();
    Some((status, answer.json().await.unwrap_or_default()))
}
