//! Fault injection: kills processes at random times and restarts them. The schedule depends on a
//! seed.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::{Instant, sleep};

use crate::fixture::KILLED_COMPONENTS;
use crate::processes::Process;

/// The time between two faults.
const INTERVAL_MILLIS: Range<u64> = 300..2_000;
/// The time between a kill and the restart.
const DOWNTIME_MILLIS: Range<u64> = 0..500;
/// One in this many faults kills all processes at once.
const KILL_ALL_RATIO: u32 = 8;

/// A fault: after an interval these processes are killed, and after the downtime restarted.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    interval: Duration,
    processes: Range<usize>,
    downtime: Duration,
}

/// Returns the endless schedule of a seed. The same seed gives the same faults; what the killed
/// processes were doing depends on the machine.
fn schedule(seed: u64, processes: usize) -> impl Iterator<Item = Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let interval = Duration::from_millis(random.random_range(INTERVAL_MILLIS));
        let downtime = Duration::from_millis(random.random_range(DOWNTIME_MILLIS));
        let one = random.random_range(0..processes);
        let all = random.random_ratio(1, KILL_ALL_RATIO);
        Fault { interval, processes: if all { 0..processes } else { one..one + 1 }, downtime }
    })
}

/// Injects faults until the deadline. All processes run when it returns.
pub(crate) async fn inject_faults(processes: &mut [Process], seed: u64, deadline: Instant) {
    let is_target = |process: &Process| {
        KILLED_COMPONENTS.iter().any(|component| process.name.starts_with(component.name()))
    };
    let mut targets: Vec<&mut Process> =
        processes.iter_mut().filter(|process| is_target(process)).collect();
    for fault in schedule(seed, targets.len()) {
        sleep(fault.interval).await;
        if Instant::now() >= deadline {
            return;
        }
        for target in &mut targets[fault.processes.clone()] {
            // A process that ended by itself has a defect that nothing else in this test shows.
            assert_eq!(target.exit_status(), None, "{} ended\n{}", target.name, target.log());
            target.kill();
        }
        sleep(fault.downtime).await;
        targets[fault.processes].iter_mut().for_each(|target| target.restart());
    }
}

#[test]
fn schedule_is_repeatable_and_covers_every_process() {
    let faults = |seed| schedule(seed, 4).take(60).collect::<Vec<_>>();
    assert_eq!(faults(7), faults(7));
    assert_ne!(faults(7), faults(8));
    for process in 0..4 {
        let only = process..process + 1;
        assert!(faults(7).iter().any(|fault| fault.processes == only), "{process}");
    }
    assert!(faults(7).iter().any(|fault| fault.processes == (0..4)));
}
