//! A pause at which other drivers run, and at which this one may die.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Is pending once for each of `turns`.
pub(super) struct Rest {
    turns: u32,
}

pub(super) fn rest(turns: u32) -> Rest {
    Rest { turns }
}

impl Future for Rest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.turns.checked_sub(1) {
            Some(turns) => {
                self.turns = turns;
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}
