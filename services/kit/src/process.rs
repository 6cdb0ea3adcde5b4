//! A process: boot, components side by side, the ordered end.

use crate::grpc::Tls;
use crate::shutdown::{self, Limits};
use crate::telemetry::Telemetry;
use crate::{Args, BoxError, Env, Error, Runtime, admin};
use futures::future::BoxFuture;
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpListener;

/// Most worker threads by default: the services wait rather than compute, and each thread costs
/// memory.
const MAX_DEFAULT_THREADS: usize = 4;

/// Runs `future` on a runtime with the worker threads that the settings ask for.
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
    // A blocking task that hangs (a name being resolved) must not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(output)
}

/// A process that has booted: telemetry is up and the admin port answers, "not ready" so far.
#[derive(Debug)]
pub struct Process {
    runtime: Runtime,
    telemetry: Telemetry,
    limits: Limits,
}

impl Process {
    /// Boots: TLS provider, logs and traces, panics into the log, certificates, the admin port.
    ///
    /// # Errors
    /// When a setting is wrong or the admin port is taken.
    pub async fn start(name: &'static str, args: &Args) -> Result<Self, Error> {
        install_tls_provider();
        let telemetry = Telemetry::start(name, args)?;
        let runtime = Runtime::new(name, Env::system());
        let tls = Tls::start(&args.grpc_tls, &runtime)?;
        let runtime = runtime.with_tls(tls);
        let address = args.admin_addr;
        let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen {
            what: "admin",
            address,
            source,
        })?;
        // It answers until the very end, so it is no worker and nobody waits for it.
        tokio::spawn(admin::serve(listener, runtime.clone()));
        Ok(Self { runtime, telemetry, limits: Limits::from(args) })
    }

    /// What components are given.
    #[must_use]
    pub fn runtime(&self) -> Runtime {
        self.runtime.clone()
    }

    /// Runs the components until SIGTERM or SIGINT, or until the first of them ends. Then: not
    /// ready → delay → stop accepting → drain with a cap → stop workers → flush telemetry. A second
    /// signal skips the waiting.
    ///
    /// # Errors
    /// What ended a component before it was asked to.
    pub async fn run(
        self,
        components: Vec<BoxFuture<'static, Result<(), BoxError>>>,
    ) -> Result<(), Error> {
        let result = shutdown::run(&self.runtime, self.limits, components).await;
        self.telemetry.flush().await;
        result
    }

    /// Runs work that ends by itself, such as a migration, unless SIGTERM or SIGINT come first.
    ///
    /// # Errors
    /// What the work says, and when it was interrupted.
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

/// Makes aws-lc-rs the cryptography of every TLS connection of this process. Doing it twice is
/// harmless: the first one stays.
fn install_tls_provider() {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("the TLS provider was installed before");
    }
}
