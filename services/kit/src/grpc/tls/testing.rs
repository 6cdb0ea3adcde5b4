//! Certificates for tests, and processes that use them.

use super::{Tls, TlsArgs};
use crate::grpc::testing::TestServer;
use crate::{Env, Runtime};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// The host of [`crate::grpc::testing::target`].
pub(super) const ECHO: &str = "echo.invalid";

/// Poll interval of the files.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// An end-entity certificate with its key.
pub(super) struct Leaf {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    pub(super) key: KeyPair,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// Issues a certificate for `name`, valid for servers and clients.
    pub(super) fn issue(&self, name: &str) -> Leaf {
        self.issue_with(name, |_| ())
    }

    /// Issues a certificate that expires at the start of the year.
    pub(super) fn issue_until(&self, name: &str, year: i32) -> Leaf {
        self.issue_with(name, |params| params.not_after = date_time_ymd(year, 1, 1))
    }

    pub(super) fn issue_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Leaf {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Leaf { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }
}

/// The three certificate files of a process.
pub(super) struct Files(TempDir);

impl Files {
    /// Writes the files of a process with certificate `leaf` that trusts `authority`.
    pub(super) fn new(leaf: &Leaf, authority: &Authority) -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        files.replace(leaf);
        files.write("ca.crt", &authority.pem());
        files
    }

    /// Writes the files of a process whose certificate and trust are from one authority.
    pub(super) fn issued_by(authority: &Authority) -> Self {
        Self::new(&authority.issue(ECHO), authority)
    }

    pub(super) fn replace(&self, leaf: &Leaf) {
        self.write("tls.crt", &leaf.pem);
        self.write("tls.key", &leaf.key.serialize_pem());
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn args(&self) -> TlsArgs {
        TlsArgs {
            grpc_tls_cert: Some(self.path("tls.crt")),
            grpc_tls_key: Some(self.path("tls.key")),
            grpc_tls_ca: Some(self.path("ca.crt")),
        }
    }

    /// A client process with these files.
    pub(super) fn caller(&self) -> Runtime {
        self.configure(Runtime::new("caller", Env::system()))
    }

    /// Starts a server process with these files.
    pub(super) fn serve(&self, name: &'static str) -> TestServer {
        TestServer::with_runtime(name, |runtime| self.configure(runtime))
    }

    fn configure(&self, runtime: Runtime) -> Runtime {
        let tls =
            Tls::start_with_interval(POLL_INTERVAL, &self.args(), &runtime).expect("valid files");
        runtime.with_tls(tls)
    }
}

/// Whether the metrics of a process contain a line.
pub(super) fn has_metric(runtime: &Runtime, line: &str) -> bool {
    runtime.metrics().text().contains(&format!("\n{line}\n"))
}
