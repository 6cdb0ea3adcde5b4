//! Clients that read continuously and count failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Timeout of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause after a 503 with `Retry-After`: shorter than the header requests, to observe more
/// responses.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Running clients.
pub struct Readers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Tally>,
}

/// The responses that clients got.
#[derive(Debug, Default)]
pub struct Tally {
    /// Responses with 200.
    pub ok: u64,
    /// Responses with 503 and `Retry-After`.
    pub unavailable: u64,
    /// Descriptions of all other results.
    pub failed: Vec<String>,
}

impl Readers {
    /// Starts `count` clients that read a URL repeatedly, each with separate connections.
    #[must_use]
    pub fn start(count: usize, url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..count).map(|_| read(url.to_owned(), Arc::clone(&stop))).collect();
        Self { stop, tasks }
    }

    /// Stops the clients and adds up their responses.
    ///
    /// # Errors
    /// Fails when a client panicked.
    pub async fn finish(mut self) -> Result<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        while let Some(tally) = self.tasks.join_next().await {
            let Tally { ok, unavailable, failed } = tally?;
            all.ok += ok;
            all.unavailable += unavailable;
            all.failed.extend(failed);
        }
        Ok(all)
    }
}

impl Tally {
    /// Checks that at least `at_least` reads succeeded and none failed.
    ///
    /// # Errors
    /// Fails with the first failures.
    pub fn assert_all_ok(&self, at_least: u64) -> Result<()> {
        ensure!(self.unavailable == 0, "{} of {} got 503", self.unavailable, self.ok);
        self.assert_ok_or_retryable(at_least)
    }

    /// Checks that at least `at_least` reads succeeded and that all others got a 503 with
    /// `Retry-After`.
    ///
    /// # Errors
    /// Fails with the first failures.
    pub fn assert_ok_or_retryable(&self, at_least: u64) -> Result<()> {
        let first: Vec<_> = self.failed.iter().take(5).collect();
        ensure!(first.is_empty(), "{} of {} failed: {first:?}", self.failed.len(), self.ok);
        ensure!(self.ok >= at_least, "only {} requests were made", self.ok);
        Ok(())
    }
}

async fn read(url: String, stop: Arc<AtomicBool>) -> Tally {
    let client = Client::builder().timeout(REQUEST_TIMEOUT).build().unwrap_or_default();
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) {
        let mut response = client.get(&url).send().await;
        // The server may close a kept-alive connection at the moment when it is used again. Like
        // browsers, a client then retries once on another connection (RFC 9112, section 9.3.1).
        if response.as_ref().is_err_and(|error| error.is_request() && !error.is_timeout()) {
            response = client.get(&url).send().await;
        }
        match response {
            Ok(response) if response.status() == 200 => match response.bytes().await {
                Ok(_) => tally.ok += 1,
                Err(error) => tally.failed.push(format!("the body was cut off: {error:?}")),
            },
            Ok(response)
                if response.status() == 503 && response.headers().contains_key("retry-after") =>
            {
                tally.unavailable += 1;
                sleep(RETRY_PAUSE).await;
            }
            Ok(response) => {
                tally.failed.push(format!("{} {:?}", response.status(), response.text().await))
            }
            Err(error) => tally.failed.push(format!("{error:?}")),
        }
    }
    tally
}
