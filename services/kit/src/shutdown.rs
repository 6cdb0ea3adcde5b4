//! Graceful shutdown of a process.

use crate::{Args, BoxError, Error, Runtime};
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The time limits of the shutdown phases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Delay between "not ready" and closing the ports.
    delay: Duration,
    /// Longest wait for requests in flight.
    grace: Duration,
    /// Longest wait for background workers. They are cancelled at an await, so they end at once or
    /// hang.
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

/// Runs the components until the process ends; see [`crate::Process::run`].
pub(crate) async fn run(
    runtime: &Runtime,
    limits: Limits,
    components: Vec<BoxFuture<'static, Result<(), BoxError>>>,
) -> Result<(), Error> {
    let mut signals = Signals::install()?;
    let mut running: JoinSet<Result<(), BoxError>> = components.into_iter().collect();

    let result = tokio::select! {
        () = signals.recv() => Ok(()),
        Some(ended) = running.join_next() => Err(component_error(ended)),
        error = runtime.worker_failed() => Err(error),
    };
    tracing::info!(failed = result.is_err(), "graceful shutdown started");

    let drained = async {
        runtime.begin_not_ready();
        // After a failure there is no delay: the process cannot serve new requests anyway.
        if result.is_ok() {
            sleep(limits.delay).await;
        }
        runtime.drain();
        if timeout(limits.grace, drain(&mut running)).await.is_err() {
            tracing::warn!(components = running.len(), "drain timed out; requests cancelled");
        }
    };
    tokio::select! {
        () = drained => {}
        () = signals.recv() => tracing::warn!("second signal received; drain skipped"),
    }
    runtime.drain();
    running.shutdown().await;

    if timeout(limits.workers, runtime.stop()).await.is_err() {
        tracing::warn!("workers did not stop in time");
    }
    result
}

/// Waits for the components. A failure during the drain is only logged.
async fn drain(running: &mut JoinSet<Result<(), BoxError>>) {
    while let Some(ended) = running.join_next().await {
        if !matches!(ended, Ok(Ok(()))) {
            let cause = component_error(ended);
            tracing::warn!(
                error = &cause as &dyn std::error::Error,
                "component failed during the drain"
            );
        }
    }
}

fn component_error(ended: Result<Result<(), BoxError>, tokio::task::JoinError>) -> Error {
    match ended {
        Ok(Ok(())) => Error::Ended,
        Ok(Err(source)) => Error::Component(source),
        Err(panic) => Error::Component(panic.into()),
    }
}

/// Waits for a termination signal. Returns at once when the handlers cannot be installed.
pub(crate) async fn signal_received() -> Error {
    match Signals::install() {
        Ok(mut signals) => {
            signals.recv().await;
            Error::Interrupted
        }
        Err(error) => error,
    }
}

/// The handlers of SIGTERM and SIGINT, which have the same effect.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn install() -> Result<Self, Error> {
        let install = |kind| signal(kind).map_err(Error::Signals);
        Ok(Self {
            terminate: install(SignalKind::terminate())?,
            interrupt: install(SignalKind::interrupt())?,
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

    async fn run_to_error(components: Vec<BoxFuture<'static, Result<(), BoxError>>>) -> Error {
        run_in(Runtime::for_tests(), components).await
    }

    async fn run_in(
        runtime: Runtime,
        components: Vec<BoxFuture<'static, Result<(), BoxError>>>,
    ) -> Error {
        // A worker that ignores the cancellation must not block the shutdown.
        runtime.spawn_stopping("unresponsive", pending());
        let ended = timeout(Duration::from_secs(5), run(&runtime, LIMITS, components)).await;
        assert!(runtime.is_draining() && runtime.stopping().is_cancelled());
        ended.expect("a bounded shutdown").expect_err("an early end")
    }

    #[tokio::test]
    async fn failed_component_ends_the_process_with_its_error() {
        let failing = async { Err(io::Error::other("no port").into()) };
        let error = run_to_error(vec![Box::pin(failing), Box::pin(pending())]).await;
        assert!(matches!(&error, Error::Component(cause) if cause.to_string() == "no port"));
    }

    #[tokio::test]
    async fn component_that_ends_early_ends_the_process() {
        let error = run_to_error(vec![Box::pin(async { Ok(()) }), Box::pin(pending())]).await;
        assert!(matches!(error, Error::Ended));
    }

    #[tokio::test]
    async fn component_panic_ends_the_process() {
        let error = run_to_error(vec![Box::pin(async { panic!("test") })]).await;
        assert!(matches!(error, Error::Component(_)));
    }

    #[tokio::test]
    async fn worker_panic_ends_the_process() {
        let runtime = Runtime::for_tests();
        runtime.spawn("broken", async { panic!("test") });
        let error = run_in(runtime, vec![Box::pin(pending())]).await;
        assert!(matches!(error, Error::Worker));
    }
}
