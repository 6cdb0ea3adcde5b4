//! The lifecycle of a process: startup, concurrent components, graceful shutdown.

use crate::grpc::Tls;
use crate::shutdown::{self, Limits};
use crate::telemetry::Telemetry;
use crate::{Args, BoxError, Env, Error, Runtime, admin, net};
use futures::future::BoxFuture;
use std::future::Future;
use std::time::Duration;

/// Maximum default number of worker threads: the services wait more than they compute, and each
/// thread costs memory.
const MAX_DEFAULT_THREADS: usize = 4;

/// Runs `future` on a tokio runtime with the configured number of worker threads.
///
/// # Errors
/// When the threads cannot be started.
pub fn block_on<F: Future>(args: &Args, future: F) -> Result<F::Output, Error> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = args.worker_threads.map_or(cores.min(MAX_DEFAULT_THREADS), usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(Error::Threads)?;
    let output = runtime.block_on(future);
    // A blocking task that hangs (such as a DNS lookup) must not delay the end of the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(output)
}

/// A started process: telemetry is set up and the admin port responds, with "not ready" so far.
#[derive(Debug)]
pub struct Process {
    runtime: Runtime,
    telemetry: Telemetry,
    limits: Limits,
}

impl Process {
    /// Sets up the TLS provider, logs and traces, the panic hook, the certificates and the admin
    /// port.
    ///
    /// # Errors
    /// When a setting is invalid or the admin port cannot be bound.
    pub async fn start(name: &'static str, args: &Args) -> Result<Self, Error> {
        install_tls_provider();
        let telemetry = Telemetry::start(name, args)?;
        let runtime = Runtime::new(name, Env::system());
        let tls = Tls::start(&args.grpc_tls, &runtime)?;
        let runtime = runtime.with_tls(tls).with_trace_sample_ratio(args.trace_sample_ratio);
        let listener = net::listen(name, "admin", args.admin_addr).await?;
        // The admin server runs until the process ends, so it is not a tracked worker.
        tokio::spawn(admin::serve(listener, runtime.clone()));
        Ok(Self { runtime, telemetry, limits: Limits::from(args) })
    }

    /// The runtime for the components.
    #[must_use]
    pub fn runtime(&self) -> Runtime {
        self.runtime.clone()
    }

    /// Runs the components until SIGTERM or SIGINT, or until the first of them ends, and then shuts
    /// down gracefully: not ready → delay → stop accepting → drain with a time limit → stop workers
    /// → flush telemetry. A second signal skips the waiting.
    ///
    /// # Errors
    /// When a component ended before the shutdown.
    pub async fn run(
        self,
        components: Vec<BoxFuture<'static, Result<(), BoxError>>>,
    ) -> Result<(), Error> {
        let result = shutdown::run(&self.runtime, self.limits, components).await;
        self.telemetry.flush().await;
        result
    }

    /// Runs work that completes, such as a migration, unless SIGTERM or SIGINT arrives first.
    ///
    /// # Errors
    /// The error of the work, or an interruption by a signal.
    pub async fn run_to_end<E: From<Error>>(
        self,
        work: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let result = tokio::select! {
            result = work => result,
            signal = shutdown::signal_received() => Err(signal.into()),
        };
        self.telemetry.flush().await;
        result
    }
}

/// Installs aws-lc-rs as the cryptography provider of all TLS connections. A repeat has no effect.
fn install_tls_provider() {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("TLS provider already installed");
    }
}
