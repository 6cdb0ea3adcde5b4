//! A client of the shop from outside the cluster.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::wait::until;

/// Where `make up` exposes the example's gateway and its inbox.
const API: &str = "http://localhost:8080";
const INBOX: &str = "http://localhost:8025";

/// Timeout of a mail: the outbox, the queue and the inbox each poll about once a second.
const MAIL: Duration = Duration::from_secs(60);

/// The URL of the example's gateway: `E2E_DEMO_URL`, or where `make up` exposes it.
#[must_use]
pub fn api_url() -> String {
    std::env::var("E2E_DEMO_URL").unwrap_or_else(|_| API.to_owned())
}

/// The URL of the example's inbox: `E2E_INBOX_URL`, or where `make up` exposes it.
#[must_use]
pub fn inbox_url() -> String {
    std::env::var("E2E_INBOX_URL").unwrap_or_else(|_| INBOX.to_owned())
}

/// A client of the API, signed in or not.
pub struct Shopper {
    client: Client,
    api: String,
    inbox: String,
    token: Option<String>,
}

impl Shopper {
    /// Creates a shopper of the example. `E2E_DEMO_URL` and `E2E_INBOX_URL` override the URLs.
    ///
    /// # Errors
    /// Fails when there is no HTTP client.
    pub fn new() -> Result<Self> {
        Self::with_gateway(&api_url())
    }

    /// Creates a shopper of the shop with this gateway.
    ///
    /// # Errors
    /// Fails when there is no HTTP client.
    pub fn with_gateway(gateway: &str) -> Result<Self> {
        Ok(Self {
            client: Client::builder().timeout(Duration::from_secs(30)).build()?,
            api: format!("{gateway}/api/v1"),
            inbox: inbox_url(),
            token: None,
        })
    }

    /// Registers an account, signs in, and returns its e-mail address.
    ///
    /// # Errors
    /// Fails when the shop refuses.
    pub async fn register(&mut self, password: &str) -> Result<String> {
        let nanos = std::time::UNIX_EPOCH.elapsed()?.as_nanos();
        let email = format!("shopper-{nanos}@example.com");
        let account = json!({
            "email": email, "password": password, "first_name": "Ada", "last_name": "Byron",
        });
        let tokens = self.request(Method::POST, "/auth/register", Some(account), 201).await?;
        self.store_token(&tokens)?;
        Ok(email)
    }

    /// Signs in.
    ///
    /// # Errors
    /// Fails when the shop refuses.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Result<()> {
        let credentials = json!({"email": email, "password": password});
        let tokens = self.request(Method::POST, "/auth/login", Some(credentials), 200).await?;
        self.store_token(&tokens)
    }

    fn store_token(&mut self, tokens: &Value) -> Result<()> {
        let token = tokens["access_token"].as_str().context("no access token")?;
        self.token = Some(token.to_owned());
        Ok(())
    }

    /// Sends a request and returns the body of the response.
    ///
    /// # Errors
    /// Fails when the status is not `expected`.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: u16,
    ) -> Result<Value> {
        let (status, response) = self.send(method.clone(), path, body, None).await?;
        ensure!(status == expected, "{method} {path}: {status} {response}");
        Ok(response)
    }

    /// Sends a request, with an `Idempotency-Key` if given, and returns the status and the body.
    ///
    /// # Errors
    /// Fails when there is no response, or its body is not JSON.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        idempotency_key: Option<&str>,
    ) -> Result<(u16, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.api));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        if text.is_empty() {
            return Ok((status, Value::Null));
        }
        let body = serde_json::from_str(&text).with_context(|| format!("{status} {text}"))?;
        Ok((status, body))
    }

    /// Waits for a mail whose subject contains `words`, and returns the text of the newest one.
    ///
    /// # Errors
    /// Fails when none arrives within the timeout.
    pub async fn mail(&self, to: &str, words: &str) -> Result<String> {
        until(&format!("a mail about {words:?}"), MAIL, async || {
            let list = self.client.get(format!("{}/api/v1/mails", self.inbox));
            let response = list.query(&[("to", to)]).send().await?;
            let list: Value = response.error_for_status()?.json().await?;
            let mails = list["mails"].as_array().context("no list of mails")?;
            let about = |mail: &&Value| mail["subject"].as_str().is_some_and(|s| s.contains(words));
            let text = mails.iter().find(about).and_then(|mail| mail["text"].as_str());
            Ok(text.map(str::to_owned).ok_or_else(|| format!("{} other mails", mails.len())))
        })
        .await
    }
}
