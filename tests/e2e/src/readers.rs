//! Shoppers who read all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Longer than this nobody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// How soon a shopper who was put off tries again: sooner than told, for more is seen so.
const PUT_OFF: Duration = Duration::from_millis(50);

/// Shoppers at work.
pub struct Readers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Tally>,
}

/// What shoppers saw.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers of 200.
    pub fine: u64,
    /// Answers of 503 that say when to come back.
    pub put_off: u64,
    /// Everything else, in words.
    pub failed: Vec<String>,
}

impl Readers {
    /// Lets `count` shoppers read a page again and again, each over connections of its own.
    #[must_use]
    pub fn start(count: usize, url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..count).map(|_| read(url.to_owned(), Arc::clone(&stop))).collect();
        Self { stop, tasks }
    }

    /// Sends them home and asks what they saw.
    ///
    /// # Errors
    /// When a shopper fell over.
    pub async fn finish(mut self) -> Result<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        while let Some(tally) = self.tasks.join_next().await {
            let Tally { fine, put_off, failed } = tally?;
            all.fine += fine;
            all.put_off += put_off;
            all.failed.extend(failed);
        }
        Ok(all)
    }
}

impl Tally {
    /// Fails unless shoppers read a lot and never in vain.
    ///
    /// # Errors
    /// With the first failures.
    pub fn without_failure(&self, at_least: u64) -> Result<()> {
        ensure!(self.put_off == 0, "{} of {} were put off", self.put_off, self.fine);
        self.at_worst_put_off(at_least)
    }

    /// Fails unless shoppers read a lot and were told to come back whenever it was in vain.
    ///
    /// # Errors
    /// With the first failures.
    pub fn at_worst_put_off(&self, at_least: u64) -> Result<()> {
        let first: Vec<_> = self.failed.iter().take(5).collect();
        ensure!(first.is_empty(), "{} of {} failed: {first:?}", self.failed.len(), self.fine);
        ensure!(self.fine >= at_least, "only {} requests were made", self.fine);
        Ok(())
    }
}

async fn read(url: String, stop: Arc<AtomicBool>) -> Tally {
    let client = Client::builder().timeout(PATIENCE).build().unwrap_or_default();
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) {
        let mut answer = client.get(&url).send().await;
        // A kept connection may be closed just as it is used again; like every browser, a reader
        // then asks once more over another one (RFC 9112, section 9.3.1).
        if answer.as_ref().is_err_and(|error| error.is_request() && !error.is_timeout()) {
            answer = client.get(&url).send().await;
        }
        match answer {
            Ok(answer) if answer.status() == 200 => match answer.bytes().await {
                Ok(_) => tally.fine += 1,
                Err(error) => tally.failed.push(format!("the answer broke off: {error:?}")),
            },
            Ok(answer)
                if answer.status() == 503 && answer.headers().contains_key("retry-after") =>
            {
                tally.put_off += 1;
                sleep(PUT_OFF).await;
            }
            Ok(answer) => {
                tally.failed.push(format!("{} {:?}", answer.status(), answer.text().await))
            }
            Err(error) => tally.failed.push(format!("{error:?}")),
        }
    }
    tally
}
