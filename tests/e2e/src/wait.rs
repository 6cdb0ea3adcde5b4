//! Waiting with a bound.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::sleep;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks until there is an answer; the last reason why there is none goes into the failure.
///
/// # Errors
/// When looking fails, or there is no answer in time.
pub async fn until<T>(
    what: &str,
    within: Duration,
    look: impl AsyncFn() -> Result<std::result::Result<T, String>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        let reason = match look().await? {
            Ok(answer) => return Ok(answer),
            Err(reason) => reason,
        };
        if began.elapsed() > within {
            bail!("not {what} within {} s: {reason}", within.as_secs());
        }
        sleep(PAUSE).await;
    }
}
