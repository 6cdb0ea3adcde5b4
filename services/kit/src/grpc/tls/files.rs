//! The files, and what TLS makes of them.

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

/// Largest file; all the CAs that a browser trusts are a quarter of it.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where the certificates are.
#[derive(Debug)]
pub(super) struct Files {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

/// What connections are made with.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
    /// The last moment at which others take our certificate.
    pub(super) expires: Timestamp,
}

impl Files {
    /// The files of the settings; `None` when there is none.
    pub(super) fn of(args: &TlsArgs) -> Result<Option<Self>, Error> {
        let TlsArgs { grpc_tls_cert: cert, grpc_tls_key: key, grpc_tls_ca: ca } = args;
        if cert.is_none() && key.is_none() && ca.is_none() {
            return Ok(None);
        }
        let given = |name, path: &Option<PathBuf>| {
            let reason = || format!("is not set; give {CERT}, {KEY} and {CA}, or none of them");
            path.clone().ok_or_else(|| Error::Setting { name, reason: reason() })
        };
        Ok(Some(Self { cert: given(CERT, cert)?, key: given(KEY, key)?, ca: given(CA, ca)? }))
    }

    pub(super) fn paths(&self) -> [&Path; 3] {
        [&self.cert, &self.key, &self.ca]
    }

    /// Reads them and checks that they fit together.
    pub(super) fn read(&self, env: &Env) -> Result<Credentials, Error> {
        let chain = certificates(CERT, &self.cert)?;
        let expires = expiry(&chain[0])
            .ok_or_else(|| wrong(CERT, &self.cert, "holds a certificate that cannot be read"))?;
        let key = PrivateKeyDer::from_pem_slice(&read(KEY, &self.key)?)
            .map_err(|_| wrong(KEY, &self.key, "holds no private key in PEM form"))?;
        let roots = Arc::new(self.roots()?);
        let misfit = |error| self.misfit(&error);
        let client = client(&roots, chain.clone(), key.clone_key(), env).map_err(misfit)?;
        let server = server(&roots, chain, key, env).map_err(misfit)?;
        Ok(Credentials { server: Arc::new(server), client: Arc::new(client), expires })
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(CA, &self.ca)? {
            let unusable = |_| wrong(CA, &self.ca, "holds a certificate that cannot be a CA's");
            roots.add(certificate).map_err(unusable)?;
        }
        Ok(roots)
    }

    fn misfit(&self, error: &rustls::Error) -> Error {
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                wrong(KEY, &self.key, &format!("is not the key of {}", self.cert.display()))
            }
            error => wrong(CERT, &self.cert, &format!("cannot be used: {error}")),
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

/// The time by which certificates are held valid or not.
#[derive(Debug)]
struct Clock(Env);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The certificates of a file: one at least.
fn certificates(name: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(name, path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| wrong(name, path, "holds no certificates in PEM form"))
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
        true => Err(wrong(name, path, "is too large")),
        false => Ok(text),
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn wrong(name: &'static str, path: &Path, what: &str) -> Error {
    Error::Setting { name, reason: format!("the file {} {what}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::tls::testing::{self, Authority, ECHO};

    fn refusal(args: &TlsArgs) -> String {
        let read = Files::of(args).and_then(|files| files.expect("some").read(&Env::system()));
        read.expect_err("it cannot work").to_string()
    }

    #[test]
    fn some_of_the_settings_are_refused_and_none_is_no_tls() {
        assert!(Files::of(&TlsArgs::default()).expect("plain").is_none());
        let path = Some(PathBuf::from("/file"));
        for (args, missing) in [
            (TlsArgs { grpc_tls_cert: path.clone(), ..TlsArgs::default() }, KEY),
            (TlsArgs { grpc_tls_key: path.clone(), ..TlsArgs::default() }, CERT),
            (TlsArgs { grpc_tls_ca: path.clone(), ..TlsArgs::default() }, CERT),
            (TlsArgs { grpc_tls_cert: path.clone(), grpc_tls_key: path, grpc_tls_ca: None }, CA),
        ] {
            let rule = "give GRPC_TLS_CERT, GRPC_TLS_KEY and GRPC_TLS_CA, or none of them";
            assert_eq!(refusal(&args), format!("{missing}: is not set; {rule}"));
        }
    }

    #[test]
    fn files_that_cannot_be_used_are_refused_with_their_setting_and_what_is_wrong() {
        let authority = Authority::new();
        let large = "#".repeat(1024 * 1024 + 1);
        let another = authority.issue(ECHO).pem;
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (file, text, setting, what) in [
            ("tls.crt", "", CERT, "holds no certificates in PEM form"),
            ("tls.crt", broken, CERT, "holds a certificate that cannot be read"),
            ("tls.crt", &large, CERT, "is too large"),
            ("tls.key", &another, KEY, "holds no private key in PEM form"),
            ("tls.crt", &another, KEY, "is not the key of "),
            ("ca.crt", "text", CA, "holds no certificates in PEM form"),
            ("ca.crt", broken, CA, "holds a certificate that cannot be a CA's"),
        ] {
            let files = testing::Files::of(&authority);
            files.write(file, text);
            let refusal = refusal(&files.args());
            assert!(refusal.starts_with(&format!("{setting}: the file ")), "{refusal}");
            assert!(refusal.contains(what), "{refusal}");
        }
        let files = testing::Files::of(&authority);
        std::fs::remove_file(files.path("tls.key")).expect("removed");
        assert!(refusal(&files.args()).starts_with("GRPC_TLS_KEY: cannot read "));
    }
}
