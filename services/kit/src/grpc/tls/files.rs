//! The certificate files and the TLS configuration made from them.

use super::{HTTP_2, TlsArgs};
use crate::{Env, Error};
use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{ClientConfig, InconsistentKeys, RootCertStore, ServerConfig};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use x509_cert::der::Decode as _;

const CERT: &str = "GRPC_TLS_CERT";
const KEY: &str = "GRPC_TLS_KEY";
const CA: &str = "GRPC_TLS_CA";

/// Maximum size of a file. All CA certificates that a browser trusts are a quarter of it.
const MAX_BYTES: u64 = 1024 * 1024;

/// The paths of the certificate files.
#[derive(Debug)]
pub(super) struct Files {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

/// The TLS configuration of new connections.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
    /// When the certificate of this process expires.
    pub(super) expires: Timestamp,
}

impl Files {
    /// Reads the paths from the settings; `None` when none is set.
    pub(super) fn from_args(args: &TlsArgs) -> Result<Option<Self>, Error> {
        let TlsArgs { grpc_tls_cert: cert, grpc_tls_key: key, grpc_tls_ca: ca } = args;
        if cert.is_none() && key.is_none() && ca.is_none() {
            return Ok(None);
        }
        let required = |name, path: &Option<PathBuf>| {
            let reason = || format!("is not set; give {CERT}, {KEY} and {CA}, or none of them");
            path.clone().ok_or_else(|| Error::Setting { name, reason: reason() })
        };
        Ok(Some(Self {
            cert: required(CERT, cert)?,
            key: required(KEY, key)?,
            ca: required(CA, ca)?,
        }))
    }

    pub(super) fn paths(&self) -> [&Path; 3] {
        [&self.cert, &self.key, &self.ca]
    }

    /// Reads the files and verifies that they match each other.
    pub(super) fn read(&self, env: &Env) -> Result<Credentials, Error> {
        let chain = certificates(CERT, &self.cert)?;
        let expires = expiry(&chain[0])
            .ok_or_else(|| invalid(CERT, &self.cert, "contains an invalid certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&read(KEY, &self.key)?)
            .map_err(|_| invalid(KEY, &self.key, "contains no private key in PEM form"))?;
        let roots = Arc::new(self.roots()?);
        let mismatch = |error| self.config_error(&error);
        let client = client(&roots, chain.clone(), key.clone_key(), env).map_err(mismatch)?;
        let server = server(&roots, chain, key, env).map_err(mismatch)?;
        Ok(Credentials { server: Arc::new(server), client: Arc::new(client), expires })
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(CA, &self.ca)? {
            let not_a_ca = |_| invalid(CA, &self.ca, "contains an invalid CA certificate");
            roots.add(certificate).map_err(not_a_ca)?;
        }
        Ok(roots)
    }

    fn config_error(&self, error: &rustls::Error) -> Error {
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                invalid(KEY, &self.key, &format!("is not the key of {}", self.cert.display()))
            }
            error => invalid(CERT, &self.cert, &format!("cannot be used: {error}")),
        }
    }
}

fn server(
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    env: &Env,
) -> Result<ServerConfig, rustls::Error> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider())
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(Clock(env.clone())))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn client(
    roots: &Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    env: &Env,
) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(Clock(env.clone())))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The clock for the validity of certificates.
#[derive(Debug)]
struct Clock(Env);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Reads the certificates of a file, at least one.
fn certificates(name: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(name, path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| invalid(name, path, "contains no certificates in PEM form"))
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let expires = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(expires.as_secs()).ok()?).ok()
}

fn read(name: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    let text = read_bounded(path);
    let text = text.map_err(|source| Error::ReadFile { name, path: path.to_owned(), source })?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(invalid(name, path, "is too large")),
        false => Ok(text),
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn invalid(name: &'static str, path: &Path, problem: &str) -> Error {
    Error::Setting { name, reason: format!("the file {} {problem}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::tls::testing::{self, Authority, ECHO};

    fn read_error(args: &TlsArgs) -> String {
        let read =
            Files::from_args(args).and_then(|files| files.expect("some").read(&Env::system()));
        read.expect_err("invalid files").to_string()
    }

    #[test]
    fn incomplete_settings_are_rejected() {
        assert!(Files::from_args(&TlsArgs::default()).expect("plaintext").is_none());
        let path = Some(PathBuf::from("/file"));
        for (args, missing) in [
            (TlsArgs { grpc_tls_cert: path.clone(), ..TlsArgs::default() }, KEY),
            (TlsArgs { grpc_tls_key: path.clone(), ..TlsArgs::default() }, CERT),
            (TlsArgs { grpc_tls_ca: path.clone(), ..TlsArgs::default() }, CERT),
            (TlsArgs { grpc_tls_cert: path.clone(), grpc_tls_key: path, grpc_tls_ca: None }, CA),
        ] {
            let rule = "give GRPC_TLS_CERT, GRPC_TLS_KEY and GRPC_TLS_CA, or none of them";
            assert_eq!(read_error(&args), format!("{missing}: is not set; {rule}"));
        }
    }

    #[test]
    fn invalid_file_is_rejected_with_setting_and_problem() {
        let authority = Authority::new();
        let large = "#".repeat(1024 * 1024 + 1);
        let another = authority.issue(ECHO).pem;
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (file, text, setting, problem) in [
            ("tls.crt", "", CERT, "contains no certificates in PEM form"),
            ("tls.crt", broken, CERT, "contains an invalid certificate"),
            ("tls.crt", &large, CERT, "is too large"),
            ("tls.key", &another, KEY, "contains no private key in PEM form"),
            ("tls.crt", &another, KEY, "is not the key of "),
            ("ca.crt", "text", CA, "contains no certificates in PEM form"),
            ("ca.crt", broken, CA, "contains an invalid CA certificate"),
        ] {
            let files = testing::Files::issued_by(&authority);
            files.write(file, text);
            let error = read_error(&files.args());
            assert!(error.starts_with(&format!("{setting}: the file ")), "{error}");
            assert!(error.contains(problem), "{error}");
        }
        let files = testing::Files::issued_by(&authority);
        std::fs::remove_file(files.path("tls.key")).expect("removed");
        assert!(read_error(&files.args()).starts_with("GRPC_TLS_KEY: cannot read "));
    }
}
