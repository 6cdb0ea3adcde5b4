//! The shop from outside the cluster, as a shopper's browser reaches it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::wait::until;

/// Where `make up` puts the example's gateway and its inbox.
const API: &str = "http://localhost:8080";
const INBOX: &str = "http://localhost:8025";

/// What a mail may take: the outbox, the queue and the inbox look every second or so.
const MAIL: Duration = Duration::from_secs(30);

/// Somebody with a browser, signed in or not.
pub struct Visitor {
    client: Client,
    api: String,
    inbox: String,
    token: Option<String>,
}

impl Visitor {
    /// One who has just come. `E2E_DEMO_URL` and `E2E_INBOX_URL` say where the shop is, if not where
    /// `make up` puts it.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn new() -> Result<Self> {
        Self::of(&std::env::var("E2E_DEMO_URL").unwrap_or_else(|_| API.to_owned()))
    }

    /// One who has just come to the shop whose gateway is there.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn of(gateway: &str) -> Result<Self> {
        Ok(Self {
            client: Client::builder().timeout(Duration::from_secs(30)).build()?,
            api: format!("{gateway}/api/v1"),
            inbox: std::env::var("E2E_INBOX_URL").unwrap_or_else(|_| INBOX.to_owned()),
            token: None,
        })
    }

    /// Makes a new account and signs in to it; answers its e-mail address.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn register(&mut self, password: &str) -> Result<String> {
        let nanos = std::time::UNIX_EPOCH.elapsed()?.as_nanos();
        let email = format!("shopper-{nanos}@example.com");
        let account = json!({
            "email": email, "password": password, "first_name": "Ada", "last_name": "Byron",
        });
        let tokens = self.ask(Method::POST, "/auth/register", Some(account), 201).await?;
        self.remember(&tokens)?;
        Ok(email)
    }

    /// Signs in.
    ///
    /// # Errors
    /// When the shop refuses.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Result<()> {
        let who = json!({"email": email, "password": password});
        let tokens = self.ask(Method::POST, "/auth/login", Some(who), 200).await?;
        self.remember(&tokens)
    }

    fn remember(&mut self, tokens: &Value) -> Result<()> {
        let token = tokens["access_token"].as_str().context("no access token")?;
        self.token = Some(token.to_owned());
        Ok(())
    }

    /// Asks the API, and answers the body of an answer with the status `expected`.
    ///
    /// # Errors
    /// When the answer is another.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: u16,
    ) -> Result<Value> {
        let (status, answer) = self.tell(method.clone(), path, body, None).await?;
        ensure!(status == expected, "{method} {path}: {status} {answer}");
        Ok(answer)
    }

    /// Asks the API, under an `Idempotency-Key` if there is one, and answers the status and the body.
    ///
    /// # Errors
    /// When there is no answer, or its body is no JSON.
    pub async fn tell(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Result<(u16, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.api));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        if text.is_empty() {
            return Ok((status, Value::Null));
        }
        let body = serde_json::from_str(&text).with_context(|| format!("{status} {text}"))?;
        Ok((status, body))
    }

    /// The text of the newest mail to an address whose subject has these words, once it is there.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn mail(&self, to: &str, words: &str) -> Result<String> {
        until(&format!("a mail about {words:?}"), MAIL, async || {
            let list = self.client.get(format!("{}/api/v1/mails", self.inbox));
            let answer = list.query(&[("to", to)]).send().await?;
            let list: Value = answer.error_for_status()?.json().await?;
            let mails = list["mails"].as_array().context("no list of mails")?;
            let about = |mail: &&Value| mail["subject"].as_str().is_some_and(|s| s.contains(words));
            let text = mails.iter().find(about).and_then(|mail| mail["text"].as_str());
            Ok(text.map(str::to_owned).ok_or_else(|| format!("{} others", mails.len())))
        })
        .await
    }
}
