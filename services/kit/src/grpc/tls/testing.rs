//! Certificates for tests, and processes that have them.

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

/// Between two looks at the files.
const PERIOD: Duration = Duration::from_millis(20);

/// Signs certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
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

    /// A certificate for `name`, with which one may serve and call.
    pub(super) fn issue(&self, name: &str) -> Leaf {
        self.issue_with(name, |_| ())
    }

    /// One that expires as the year begins.
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

/// The three files of a process.
pub(super) struct Files(TempDir);

impl Files {
    /// Whose certificate is `leaf`, and who believes `authority`.
    pub(super) fn new(leaf: &Leaf, authority: &Authority) -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        files.replace(leaf);
        files.write("ca.crt", &authority.pem());
        files
    }

    /// Of a member of a shop whose processes believe one authority.
    pub(super) fn of(authority: &Authority) -> Self {
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

    /// A process that has them and calls.
    pub(super) fn caller(&self) -> Runtime {
        self.give(Runtime::new("caller", Env::system()))
    }

    /// A process that has them and serves.
    pub(super) fn serve(&self, name: &'static str) -> TestServer {
        TestServer::prepared(name, |runtime| self.give(runtime))
    }

    fn give(&self, runtime: Runtime) -> Runtime {
        let tls = Tls::start_with_interval(PERIOD, &self.args(), &runtime).expect("good files");
        runtime.with_tls(tls)
    }
}

/// Whether the metrics of a process have a line.
pub(super) fn shows(runtime: &Runtime, line: &str) -> bool {
    runtime.metrics().text().contains(&format!("\n{line}\n"))
}
