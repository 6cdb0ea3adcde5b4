//! Mutual TLS between services: a setting of the process, for every gRPC server and client in it.
//!
//! Both sides present a certificate and verify the other's. Servers accept certificates that
//! [`TlsArgs::grpc_tls_ca`] has signed. Clients also require that the certificate names the host of
//! the target's URL, including when that host resolves to many addresses. TLS 1.3, ALPN `h2`, no
//! session resumption: a session must not outlive the certificate that it was started with, and
//! connections last for hours anyway.
//!
//! The files may be replaced at any time. New connections use the new certificates, and open
//! connections continue. If a file is invalid, none of the files is used and the previous
//! certificates stay in use.

mod accept;
mod connect;
mod files;
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

/// The ALPN identifier of HTTP/2.
const HTTP_2: &[u8] = b"h2";

/// Delay between a change and reading the files, which may be replaced one after the other.
const SETTLE_DELAY: Duration = Duration::from_secs(1);

/// The settings of mutual TLS between services: either all of them, or none for plaintext gRPC.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct TlsArgs {
    /// PEM file with the certificate chain of this process, used as a server and as a client. With
    /// GRPC_TLS_KEY and GRPC_TLS_CA, gRPC uses TLS only
    #[arg(long, env = "GRPC_TLS_CERT")]
    pub grpc_tls_cert: Option<PathBuf>,

    /// PEM file with the certificate's private key
    #[arg(long, env = "GRPC_TLS_KEY")]
    pub grpc_tls_key: Option<PathBuf>,

    /// PEM file with the CA certificates that are trusted to sign the peer's certificate
    #[arg(long, env = "GRPC_TLS_CA")]
    pub grpc_tls_ca: Option<PathBuf>,
}

/// The current certificates of the process. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tls(Arc<ArcSwap<Credentials>>);

impl Tls {
    /// Reads the certificates and reloads them when their files change; `None` without TLS.
    ///
    /// # Errors
    /// When only some of the settings are set, or a file is invalid.
    pub(crate) fn start(args: &TlsArgs, runtime: &Runtime) -> Result<Option<Self>, Error> {
        Self::start_with_interval(file_watch::POLL_INTERVAL, args, runtime)
    }

    fn start_with_interval(
        interval: Duration,
        args: &TlsArgs,
        runtime: &Runtime,
    ) -> Result<Option<Self>, Error> {
        let Some(files) = Files::from_args(args)? else { return Ok(None) };
        // Watched before they are read, so that a change in between is not missed.
        let changes =
            files.paths().map(|path| file_watch::changes_with_interval(interval, path, runtime));
        let credentials = files.read(&runtime.env)?;
        measure(&credentials, runtime);
        let tls = Self(Arc::new(ArcSwap::from_pointee(credentials)));
        let reload = tls.clone().reload_on_change(files, changes, runtime.clone());
        runtime.spawn("certificates", reload);
        Ok(Some(tls))
    }

    async fn reload_on_change(
        self,
        files: Files,
        mut changes: [Receiver<()>; 3],
        runtime: Runtime,
    ) {
        let labels = ComponentLabels { component: runtime.name() };
        let failures = runtime.families().tls_reload_failures.get_or_create_owned(&labels);
        loop {
            let change = changes.iter_mut().map(|change| Box::pin(change.changed()));
            if select_all(change).await.0.is_err() {
                return;
            }
            sleep(SETTLE_DELAY).await;
            // Before they are read, so that a change in between is not missed.
            changes.iter_mut().for_each(Receiver::mark_unchanged);
            match files.read(&runtime.env) {
                Ok(credentials) => {
                    measure(&credentials, &runtime);
                    tracing::info!(expires = %credentials.expires, "certificate reloaded");
                    self.0.store(Arc::new(credentials));
                }
                Err(error) => {
                    failures.inc();
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "certificate reload failed; the previous one stays in use"
                    );
                }
            }
        }
    }
}

/// Sets the expiration metric, and creates the failure counter so that its first increment is
/// visible.
fn measure(credentials: &Credentials, runtime: &Runtime) {
    let families = runtime.families();
    let labels = ComponentLabels { component: runtime.name() };
    families.tls_expiration.get_or_create(&labels).set(credentials.expires.as_second());
    drop(families.tls_reload_failures.get_or_create(&labels));
}

/// Verifies that the peer negotiated HTTP/2. A peer without it has connected to the wrong port.
fn check_protocol(agreed: Option<&[u8]>) -> io::Result<()> {
    match agreed {
        Some(HTTP_2) => Ok(()),
        _ => Err(io::Error::other("the peer did not negotiate HTTP/2")),
    }
}
