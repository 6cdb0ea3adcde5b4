//! Periodic background work.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// Runs `round` immediately and then once per `period`, forever. A round that takes longer than
/// `period` delays the following ones; missed rounds are skipped.
pub async fn run_periodically<F>(period: Duration, mut round: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        round().await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn long_round_delays_the_next_ones() {
        let start = Instant::now();
        let rounds = RefCell::new(Vec::new());
        let work = run_periodically(Duration::from_secs(10), || async {
            rounds.borrow_mut().push(start.elapsed().as_secs());
            if rounds.borrow().len() == 2 {
                sleep(Duration::from_secs(25)).await;
            }
        });
        assert!(timeout(Duration::from_secs(60), work).await.is_err(), "it never ends");
        assert_eq!(rounds.into_inner(), [0, 10, 35, 45, 55]);
    }
}
