//! A yield point, at which other executors run and this one may crash.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Future that is pending this many times.
pub(super) struct YieldPoint {
    times: u32,
}

pub(super) fn yield_times(times: u32) -> YieldPoint {
    YieldPoint { times }
}

impl Future for YieldPoint {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.times.checked_sub(1) {
            Some(times) => {
                self.times = times;
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}
