//! From running to ended, in order.

use crate::{Args, BoxError, Error, Runtime};
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long each waiting of the end may last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Between "not ready" and closing the ports.
    delay: Duration,
    /// For requests in progress.
    grace: Duration,
    /// For background work. It is cancelled at an await, so it ends at once or hangs.
    workers: Duration,
}

impl From<&Args> for Limits {
    fn from(args: &Args) -> Self {
        Self {
            delay: Duration::from_secs(args.shutdown_delay_secs.into()),
            grace: Duration::from_secs(args.shutdown_grace_secs.into()),
            workers: Duration::from_secs(5),
        }
    }
}

/// Runs the components to the end of the process; see [`crate::Process::run`].
pub(crate) async fn run(
    runtime: &Runtime,
    limits: Limits,
    components: Vec<BoxFuture<'static, Result<(), BoxError>>>,
) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let mut running: JoinSet<Result<(), BoxError>> = components.into_iter().collect();

    let result = tokio::select! {
        () = signals.recv() => Ok(()),
        Some(ended) = running.join_next() => Err(too_early(ended)),
        () = runtime.worker_panicked() => Err(Error::Worker),
    };
    tracing::info!(failed = result.is_err(), "shutting down");

    let drained = async {
        runtime.begin_not_ready();
        // When a component has failed nobody is sent to us anyway.
        if result.is_ok() {
            sleep(limits.delay).await;
        }
        runtime.drain();
        if timeout(limits.grace, drain(&mut running)).await.is_err() {
            tracing::warn!(left = running.len(), "requests were cut at the end of the grace");
        }
    };
    tokio::select! {
        () = drained => {}
        () = signals.recv() => tracing::warn!("a second signal: not waiting any longer"),
    }
    runtime.drain();
    running.shutdown().await;

    if timeout(limits.workers, runtime.stop()).await.is_err() {
        tracing::warn!("background work did not end in time");
    }
    result
}

/// Waits for the components; one that fails while draining is only worth a line.
async fn drain(running: &mut JoinSet<Result<(), BoxError>>) {
    while let Some(ended) = running.join_next().await {
        if !matches!(ended, Ok(Ok(()))) {
            let cause = too_early(ended);
            tracing::warn!(error = &cause as &dyn std::error::Error, "failed while draining");
        }
    }
}

fn too_early(ended: Result<Result<(), BoxError>, tokio::task::JoinError>) -> Error {
    match ended {
        Ok(Ok(())) => Error::Ended,
        Ok(Err(source)) => Error::Component(source),
        Err(panic) => Error::Component(panic.into()),
    }
}

/// Waits for a signal to end, or for the news that none can be heard.
pub(crate) async fn signal_received() -> Error {
    match Signals::listen() {
        Ok(mut signals) => {
            signals.recv().await;
            Error::Interrupted
        }
        Err(error) => error,
    }
}

/// SIGTERM and SIGINT, which mean the same to us.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::Signals);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::io;

    const LIMITS: Limits = Limits {
        delay: Duration::from_secs(60),
        grace: Duration::from_millis(200),
        workers: Duration::from_millis(200),
    };

    async fn ended(components: Vec<BoxFuture<'static, Result<(), BoxError>>>) -> Error {
        ended_with(Runtime::for_tests(), components).await
    }

    async fn ended_with(
        runtime: Runtime,
        components: Vec<BoxFuture<'static, Result<(), BoxError>>>,
    ) -> Error {
        // A worker that does not listen must not hold the process either.
        runtime.spawn_stopping("deaf", pending());
        let ended = timeout(Duration::from_secs(5), run(&runtime, LIMITS, components)).await;
        assert!(runtime.is_draining() && runtime.stopping().is_cancelled());
        ended.expect("nothing waits without a bound").expect_err("nobody asked it to end")
    }

    #[tokio::test]
    async fn the_first_component_that_fails_ends_the_process_and_names_the_cause() {
        let failing = async { Err(io::Error::other("no port").into()) };
        let error = ended(vec![Box::pin(failing), Box::pin(pending())]).await;
        assert!(matches!(&error, Error::Component(cause) if cause.to_string() == "no port"));
    }

    #[tokio::test]
    async fn a_component_that_ends_by_itself_ends_the_process() {
        let error = ended(vec![Box::pin(async { Ok(()) }), Box::pin(pending())]).await;
        assert!(matches!(error, Error::Ended));
    }

    #[tokio::test]
    async fn a_component_that_panics_ends_the_process() {
        let error = ended(vec![Box::pin(async { panic!("a defect") })]).await;
        assert!(matches!(error, Error::Component(_)));
    }

    #[tokio::test]
    async fn a_worker_that_panics_ends_the_process() {
        let runtime = Runtime::for_tests();
        runtime.spawn("broken", async { panic!("a defect") });
        let error = ended_with(runtime, vec![Box::pin(pending())]).await;
        assert!(matches!(error, Error::Worker));
    }
}
