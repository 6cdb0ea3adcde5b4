//! Polling with a timeout.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::sleep;

/// Pause between two polls.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Polls until there is a value. The error after the timeout has the last reason why there was
/// none.
///
/// # Errors
/// Fails when polling fails, or when there is no value within `timeout`.
pub async fn until<T>(
    what: &str,
    timeout: Duration,
    poll: impl AsyncFn() -> Result<std::result::Result<T, String>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        let reason = match poll().await? {
            Ok(value) => return Ok(value),
            Err(reason) => reason,
        };
        if started.elapsed() > timeout {
            bail!("not {what} within {} s: {reason}", timeout.as_secs());
        }
        sleep(POLL_INTERVAL).await;
    }
}
