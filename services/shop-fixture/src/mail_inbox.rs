//! Inbox that receives the shop's mails by SMTP, read through its JSON API.

use std::net::SocketAddr;
use std::time::Duration;

use kit::Runtime;
use serde_json::Value;
use testing::free_address;
use tokio::net::TcpListener;

/// Text before the token in the mail of a password reset.
const TOKEN_PREFIX: &str = "reset-password?token=";

/// A running inbox.
pub struct MailInbox {
    /// Address that receives mails by SMTP.
    pub smtp: SocketAddr,
    url: String,
}

impl MailInbox {
    /// Starts an inbox.
    pub async fn start() -> Self {
        let smtp = TcpListener::bind(free_address()).await.expect("a port");
        let http = TcpListener::bind(free_address()).await.expect("a port");
        let url = format!("http://{}/api/v1/mails", http.local_addr().expect("an address"));
        let address = smtp.local_addr().expect("an address");
        let serving = inbox::serve_on(smtp, http, testing::settings(&[]), Runtime::for_tests());
        tokio::spawn(async { serving.await.expect("the inbox serves") });
        Self { smtp: address, url }
    }

    /// Returns the mails to an address, newest first.
    pub async fn mails_to(&self, email: &str) -> Vec<Value> {
        let response = reqwest::get(format!("{}?to={email}", self.url)).await.expect("a response");
        let list: Value =
            serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
        list["mails"].as_array().expect("mails").clone()
    }

    /// Waits for `count` mails to an address.
    pub async fn wait_for(&self, count: usize, email: &str) -> Vec<Value> {
        for _ in 0..300 {
            let mails = self.mails_to(email).await;
            if mails.len() >= count {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{count} mails did not arrive");
    }

    /// Waits for the mail of a password reset, and returns its token.
    pub async fn reset_token(&self, email: &str) -> String {
        let token = |text: &str| {
            let (_, after) = text.split_once(TOKEN_PREFIX)?;
            after.split_whitespace().next().map(str::to_owned)
        };
        self.token(email, token).await
    }

    /// Waits for a mail that verifies an address, and returns its token, which is a line.
    pub async fn verification_token(&self, email: &str) -> String {
        let is_token = |line: &&str| line.len() == 43 && !line.contains(' ');
        self.token(email, |text| text.lines().map(str::trim).find(is_token).map(str::to_owned))
            .await
    }

    /// Waits for a mail with a token, which `find` finds in its text.
    async fn token(&self, email: &str, find: impl Fn(&str) -> Option<String>) -> String {
        for _ in 0..300 {
            let mails = self.mails_to(email).await;
            let token = mails.iter().find_map(|mail| find(mail["text"].as_str()?));
            if let Some(token) = token {
                return token;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no mail with a token arrived");
    }
}
