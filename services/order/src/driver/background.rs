//! Drivers in the background, in every replica.

use std::{sync::Arc, time::Duration};

use kit::{Runtime, postgres::Signal};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Claimed, Journal, Kind, Participants, Remotes, carry_on};
use crate::{metrics::Metrics, transactions::Records};

/// The channel on which transactions tell that there is something to do.
pub(crate) const CHANNEL: &str = "order_work";

/// How often it is looked for what is due without a word: retries, and what dead drivers left.
const POLL: Duration = Duration::from_secs(1);

/// Flows of one kind carried on at a time by one process. They wait for others most of the time; a few
/// connections to PostgreSQL serve them.
const MAX_AT_WORK: usize = 16;

/// Tells drivers that there may be something to do. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Wake(watch::Receiver<()>);

impl Wake {
    /// Follows PostgreSQL's notifications; the second part is the worker that does.
    pub(crate) fn follow(
        mut signals: mpsc::Receiver<Signal>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (told, wake) = watch::channel(());
        let worker = async move {
            while signals.recv().await.is_some() {
                told.send_replace(());
            }
        };
        (Self(wake), worker)
    }

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
                at_work.spawn(one(records, remotes, metrics.clone(), claimed));
            }
            Ok(None) => {
                stopping.run_until_cancelled(wake.or_poll()).await;
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "nothing was claimed");
                stopping.run_until_cancelled(sleep(POLL)).await;
            }
        }
    }
    while at_work.join_next().await.is_some() {}
}

async fn one(
    records: Arc<Records>,
    remotes: Arc<impl Participants>,
    metrics: Metrics,
    claimed: Claimed,
) {
    match carry_on(records.as_ref(), remotes.as_ref(), &claimed).await {
        Ok(turn) => metrics.turned(&turn),
        Err(error) => {
            let order = claimed.order.id;
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, %order, "a step was not settled; it is tried again");
        }
    }
}
