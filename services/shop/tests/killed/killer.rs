//! Kills processes at random and starts them again, by a seed.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use crate::processes::Process;
use crate::stage::VICTIMS;

/// Between two kills.
const PAUSE_MILLIS: Range<u64> = 300..2_000;
/// Until what was killed is started again.
const AWAY_MILLIS: Range<u64> = 0..500;
/// Of so many kills one takes all of them at once.
const ALL_AT_ONCE: u32 = 8;

/// One blow: after a pause, these processes die, and after another they come back.
#[derive(Debug, PartialEq, Eq)]
struct Blow {
    pause: Duration,
    victims: Range<usize>,
    away: Duration,
}

/// The blows of a seed, for ever. The same seed gives the same blows; what they hit is up to the machine.
fn blows(seed: u64, victims: usize) -> impl Iterator<Item = Blow> {
    let mut random = StdRng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let pause = Duration::from_millis(random.random_range(PAUSE_MILLIS));
        let away = Duration::from_millis(random.random_range(AWAY_MILLIS));
        let one = random.random_range(0..victims);
        let all = random.random_ratio(1, ALL_AT_ONCE);
        Blow { pause, victims: if all { 0..victims } else { one..one + 1 }, away }
    })
}

/// Kills until then, and leaves everything running.
pub(crate) async fn kill(processes: &mut [Process], seed: u64, until: Instant) {
    let is_victim = |process: &Process| VICTIMS.iter().any(|name| process.name.starts_with(name));
    let mut victims: Vec<&mut Process> =
        processes.iter_mut().filter(|process| is_victim(process)).collect();
    for blow in blows(seed, victims.len()) {
        sleep(blow.pause).await;
        if Instant::now() >= until {
            return;
        }
        for victim in &mut victims[blow.victims.clone()] {
            // Whoever ends without being killed has a fault that nothing else here would show.
            assert_eq!(victim.ended(), None, "{} ended\n{}", victim.name, victim.log());
            victim.kill();
        }
        sleep(blow.away).await;
        victims[blow.victims].iter_mut().for_each(|victim| victim.start_again());
    }
}

#[test]
fn a_seed_gives_the_same_blows_again_and_every_process_gets_some() {
    let of = |seed| blows(seed, 4).take(60).collect::<Vec<_>>();
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
    for victim in 0..4 {
        assert!(of(7).iter().any(|blow| blow.victims == (victim..victim + 1)), "{victim}");
    }
    assert!(of(7).iter().any(|blow| blow.victims == (0..4)));
}
