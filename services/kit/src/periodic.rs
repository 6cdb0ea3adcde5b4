//! Work that comes back.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// Does a round at once and then one in each `period`, for ever. A round that takes longer puts the next
/// ones off: none is made up for.
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
    async fn a_long_round_puts_the_next_ones_off() {
        let began = Instant::now();
        let rounds = RefCell::new(Vec::new());
        let work = run_periodically(Duration::from_secs(10), || async {
            rounds.borrow_mut().push(began.elapsed().as_secs());
            if rounds.borrow().len() == 2 {
                sleep(Duration::from_secs(25)).await;
            }
        });
        assert!(timeout(Duration::from_secs(60), work).await.is_err(), "it never ends");
        assert_eq!(rounds.into_inner(), [0, 10, 35, 45, 55]);
    }
}
