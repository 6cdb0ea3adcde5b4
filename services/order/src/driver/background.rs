//! Drivers in the background, in every replica.

use std::{sync::Arc, time::Duration};

use kit::{Runtime, postgres::ListenEvent};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Claimed, Journal, Kind, Participants, Remotes, Then, carry_on};
use crate::{error::Error, metrics::Metrics, transactions::Records};

/// The channel on which transactions tell that there is something to do.
pub(crate) const CHANNEL: &str = "order_work";

/// How often it is looked for what is due without a word: retries, and what dead drivers left.
const POLL: Duration = Duration::from_secs(1);

/// Flows of one kind carried on at a time by one process. They wait for others most of the time; a few
/// connections to PostgreSQL serve them.
const MAX_AT_WORK: usize = 16;

/// Tells the drivers of each kind that there may be something to do.
#[derive(Debug)]
pub(crate) struct Wakes([watch::Receiver<()>; Kind::ALL.len()]);

impl Wakes {
    /// Follows PostgreSQL's notifications; the second part is the worker that does.
    pub(crate) fn follow(
        mut signals: mpsc::Receiver<ListenEvent>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let told = Kind::ALL.map(|_| watch::Sender::new(()));
        let wakes = Self(Kind::ALL.map(|kind| told[kind as usize].subscribe()));
        let worker = async move {
            while let Some(signal) = signals.recv().await {
                for kind in Kind::ALL.into_iter().filter(|kind| is_of(&signal, *kind)) {
                    told[kind as usize].send_replace(());
                }
            }
        };
        (wakes, worker)
    }

    /// What wakes the drivers of one kind.
    pub(crate) fn of(&self, kind: Kind) -> Wake {
        Wake(self.0[kind as usize].clone())
    }
}

/// Whether a signal may be about flows of this kind.
fn is_of(signal: &ListenEvent, kind: Kind) -> bool {
    match signal {
        ListenEvent::Listening => true,
        ListenEvent::Notified(word) => word.is_empty() || word == kind.as_str(),
    }
}

/// Wakes the drivers of one kind.
#[derive(Debug)]
pub(crate) struct Wake(watch::Receiver<()>);

impl Wake {
    async fn or_poll(&mut self) {
        // Nobody wakes any more when the process ends; then it is polled to the last.
        if let Ok(Err(_)) = timeout(POLL, self.0.changed()).await {
            sleep(POLL).await;
        }
    }
}

/// Carries on what is due of one kind until the process stops. What is under way then is finished, so
/// that no order waits for the end of a lease.
pub(crate) async fn run(
    kind: Kind,
    records: Arc<Records>,
    remotes: Arc<Remotes>,
    metrics: Metrics,
    mut wake: Wake,
    runtime: Runtime,
) {
    let stopping = runtime.stopping();
    let mut at_work = JoinSet::new();
    while !stopping.is_cancelled() {
        while at_work.try_join_next().is_some() {}
        if at_work.len() >= MAX_AT_WORK {
            at_work.join_next().await;
            continue;
        }
        match records.claim(kind, None).await {
            Ok(Some(claimed)) => {
                let (records, remotes) = (Arc::clone(&records), Arc::clone(&remotes));
                at_work.spawn(one(records, remotes, metrics.clone(), claimed, runtime.clone()));
            }
            Ok(None) => {
                stopping.run_until_cancelled(wake.or_poll()).await;
            }
            // A flow that this version cannot read. It is leased by now and comes again when the lease has
            // ended; the others do not wait for it.
            Err(error @ Error::Stored(_)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a flow was passed over");
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "nothing was claimed");
                stopping.run_until_cancelled(sleep(POLL)).await;
            }
        }
    }
    while at_work.join_next().await.is_some() {}
}

/// Carries a flow on, step by step while there is one that is due.
async fn one(
    records: Arc<Records>,
    remotes: Arc<impl Participants>,
    metrics: Metrics,
    claimed: Claimed,
    runtime: Runtime,
) {
    let order = claimed.order.id;
    let mut next = Some(claimed);
    while let Some(claimed) = next {
        let is_over = || runtime.stopping().is_cancelled();
        let then = || if is_over() { Then::LetGo } else { Then::GoOn };
        next = match carry_on(records.as_ref(), remotes.as_ref(), &claimed, then).await {
            Ok(turn) => {
                metrics.turned(&turn);
                turn.next()
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %order, "a step was not settled; it is tried again");
                None
            }
        };
    }
}
