//! Where the shop's mails end: a real inbox, looked into through its JSON API.

use std::net::SocketAddr;
use std::time::Duration;

use kit::Runtime;
use kit::testing::free_address;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::shop::text;

/// What stands before the token in the mail for a new password.
const BEFORE_TOKEN: &str = "reset-password?token=";

/// A running inbox.
pub(crate) struct Mailroom {
    /// Where it takes mail.
    pub(crate) smtp: SocketAddr,
    url: String,
}

impl Mailroom {
    pub(crate) async fn open() -> Self {
        let smtp = TcpListener::bind(free_address()).await.expect("a port");
        let http = TcpListener::bind(free_address()).await.expect("a port");
        let url = format!("http://{}/api/v1/mails", http.local_addr().expect("an address"));
        let address = smtp.local_addr().expect("an address");
        let serving = inbox::serve_on(smtp, http, Runtime::for_tests());
        tokio::spawn(async { serving.await.expect("the inbox serves") });
        Self { smtp: address, url }
    }

    /// The mails to an address, the newest first.
    pub(crate) async fn to(&self, email: &str) -> Vec<Value> {
        let answer = reqwest::get(format!("{}?to={email}", self.url)).await.expect("an answer");
        let list: Value =
            serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
        list["mails"].as_array().expect("mails").clone()
    }

    /// Waits for so many mails to an address.
    pub(crate) async fn wait_for(&self, count: usize, email: &str) -> Vec<Value> {
        for _ in 0..300 {
            let mails = self.to(email).await;
            if mails.len() >= count {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{count} mails did not come");
    }

    /// The token for a new password that an address was mailed.
    pub(crate) async fn reset_token(&self, email: &str) -> String {
        for _ in 0..300 {
            let mails = self.to(email).await;
            let token = mails.iter().find_map(|mail| {
                let text = text(&mail["text"]);
                let (_, after) = text.split_once(BEFORE_TOKEN)?;
                after.split_whitespace().next().map(str::to_owned)
            });
            if let Some(token) = token {
                return token;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no mail with a token came");
    }
}
