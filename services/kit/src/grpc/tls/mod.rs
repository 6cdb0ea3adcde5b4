//! TLS between services: a setting of the process, for every gRPC server and client in it.
//!
//! Both sides show a certificate, and each checks the other's: servers take whoever has one that
//! [`TlsArgs::grpc_tls_ca`] has signed, clients ask besides that it names the host of the target's
//! URL, also when that host stands for many addresses. TLS 1.3, ALPN `h2`, no resumption: a session
//! must not outlive the certificate that it was begun with, and connections last for hours anyway.
//!
//! The files may be replaced at any time. New connections use what they say by then, connections in
//! place go on; of files that cannot be used nothing is taken, and what was there stays.

mod accept;
mod connect;
mod files;
#[cfg(test)]
mod reload_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use crate::metrics::ComponentLabels;
use crate::{Error, Runtime, file_watch};
use arc_swap::ArcSwap;
use files::{Credentials, Files};
use futures::future::select_all;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

/// What is spoken within TLS, as ALPN has it.
const HTTP_2: &[u8] = b"h2";

/// Between a change and reading the files: they may be replaced one after the other.
const SETTLE: Duration = Duration::from_secs(1);

/// The settings of TLS between services: all of them, or none and gRPC is plain.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct TlsArgs {
    /// PEM file with this process's certificate and those between it and its CA; it is shown as a
    /// server and as a client. With GRPC_TLS_KEY and GRPC_TLS_CA, gRPC is spoken over TLS only
    #[arg(long, env = "GRPC_TLS_CERT")]
    pub grpc_tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key
    #[arg(long, env = "GRPC_TLS_KEY")]
    pub grpc_tls_key: Option<PathBuf>,

    /// PEM file with the CAs of which one has to have signed the other side's certificate
    #[arg(long, env = "GRPC_TLS_CA")]
    pub grpc_tls_ca: Option<PathBuf>,
}

/// The certificates of the process, as they are now. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tls(Arc<ArcSwap<Credentials>>);

impl Tls {
    /// Reads the certificates and follows their files; `None` when TLS is off.
    ///
    /// # Errors
    /// When some of the settings are missing, or a file cannot be used.
    pub(crate) fn start(args: &TlsArgs, runtime: &Runtime) -> Result<Option<Self>, Error> {
        Self::start_with_interval(file_watch::POLL_INTERVAL, args, runtime)
    }

    fn start_with_interval(
        period: Duration,
        args: &TlsArgs,
        runtime: &Runtime,
    ) -> Result<Option<Self>, Error> {
        let Some(files) = Files::of(args)? else { return Ok(None) };
        // Watched before they are read: what changes in between is read again.
        let changes =
            files.paths().map(|path| file_watch::changes_with_interval(period, path, runtime));
        let credentials = files.read(&runtime.env)?;
        measure(&credentials, runtime);
        let tls = Self(Arc::new(ArcSwap::from_pointee(credentials)));
        let follow = tls.clone().follow(files, changes, runtime.clone());
        runtime.spawn("certificates", follow);
        Ok(Some(tls))
    }

    async fn follow(self, files: Files, mut changes: [Receiver<()>; 3], runtime: Runtime) {
        let labels = ComponentLabels { component: runtime.name() };
        let failures = runtime.families().tls_reload_failures.get_or_create_owned(&labels);
        loop {
            let change = changes.iter_mut().map(|change| Box::pin(change.changed()));
            if select_all(change).await.0.is_err() {
                return;
            }
            sleep(SETTLE).await;
            // Before they are read, for the same reason as above.
            changes.iter_mut().for_each(Receiver::mark_unchanged);
            match files.read(&runtime.env) {
                Ok(credentials) => {
                    measure(&credentials, &runtime);
                    tracing::info!(expires = %credentials.expires, "the certificate is a new one");
                    self.0.store(Arc::new(credentials));
                }
                Err(error) => {
                    failures.inc();
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the old certificate stays");
                }
            }
        }
    }
}

/// Also makes the counters appear, so that their first step shows.
fn measure(credentials: &Credentials, runtime: &Runtime) {
    let families = runtime.families();
    let labels = ComponentLabels { component: runtime.name() };
    families.tls_expiration.get_or_create(&labels).set(credentials.expires.as_second());
    drop(families.tls_reload_failures.get_or_create(&labels));
}

/// Both sides of gRPC say that they speak HTTP/2; who does not has taken the port for another one.
fn check_protocol(agreed: Option<&[u8]>) -> io::Result<()> {
    match agreed {
        Some(HTTP_2) => Ok(()),
        _ => Err(io::Error::other("the other side does not speak HTTP/2")),
    }
}
