//! Reads a response of server-sent events.

use std::time::Duration;

use tokio::time::timeout;

/// Longest wait for an event, or for the end of a stream.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An open stream of server-sent events.
pub struct EventBlocks {
    /// The response; its body is read by [`EventBlocks::next`].
    pub response: reqwest::Response,
    received: String,
}

impl EventBlocks {
    /// Reads the events of a response with status 200.
    #[must_use]
    pub fn new(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200);
        Self { response, received: String::new() }
    }

    /// Returns the lines of the next event or comment; `None` when the stream has ended. Fails when
    /// nothing arrives in time.
    pub async fn next(&mut self) -> Option<String> {
        timeout(TIMEOUT, self.next_block()).await.expect("an event in time")
    }

    async fn next_block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.received.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.received = rest;
                return Some(block);
            }
            let chunk = self.response.chunk().await.expect("a complete body")?;
            self.received.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }
}
