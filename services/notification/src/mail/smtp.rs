//! One mail, one connection, one answer.
//!
//! The library's transport is not used but its connection: with it we know how far an attempt came.
//! What goes wrong before the mail is named (connecting, TLS, sign-in) says nothing of the mail, so it
//! is tried again whatever the code; only what the server answers to the mail itself can be a refusal.
//! A connection is not kept for the next mail: one that is left in the middle of a command, as at the
//! end of an attempt's time, must not be used again.

use std::{error::Error as StdError, fmt, path::Path, time::Duration};

use kit::{Error, secret};
use lettre::{
    Message,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::{Args, SmtpTls};

/// Longest wait for a connection to one address of the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the server's goodbye: the mail is sent whatever it says.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
/// "Authentication required", to a mail: it is our settings that are refused.
const SIGN_IN_FIRST: u16 = 530;
/// Longest error that is kept; servers can be talkative.
const MAX_ERROR_CHARS: usize = 500;

/// The mail server.
pub(super) struct Server {
    address: (String, u16),
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
}

enum Tls {
    None,
    Starttls(TlsParameters),
    FromTheStart(TlsParameters),
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// No further attempt can succeed.
    pub(crate) is_final: bool,
    /// The server's code, if it said something.
    pub(crate) code: Option<u16>,
    /// For administrators, not for logs: servers repeat addresses.
    pub(crate) text: String,
}

impl Failure {
    /// A mail that cannot be written; another attempt would write the same.
    pub(super) fn unwritable(error: impl StdError) -> Self {
        Self { is_final: true, code: None, text: bounded(&error.to_string()) }
    }

    fn of(error: &SmtpError, is_final: bool) -> Self {
        let code = error.status().map(u16::from);
        Self { is_final, code, text: bounded(&error.to_string()) }
    }

    /// Before the mail was named.
    fn of_session(error: SmtpError) -> Self {
        Self::of(&error, false)
    }

    /// In answer to the mail.
    fn of_mail(error: SmtpError) -> Self {
        let ours = error.status().map(u16::from) == Some(SIGN_IN_FIRST);
        // An error of the client here is a mail that this server has no means for.
        Self::of(&error, (error.is_permanent() && !ours) || error.is_client())
    }
}

impl Server {
    pub(super) fn new(args: &Args) -> Result<Self, Error> {
        let tls = match args.smtp_tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Starttls(tls_parameters(args)?),
            SmtpTls::Tls => Tls::FromTheStart(tls_parameters(args)?),
        };
        let credentials = credentials(args)?;
        if credentials.is_some() && matches!(tls, Tls::None) {
            tracing::warn!("SMTP_TLS is none: the password of the mail server goes in the clear");
        }
        let address = (args.smtp_host.clone(), args.smtp_port);
        Ok(Self { address, tls, credentials, hello: ClientId::default() })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let mut connection = self.connect().await.map_err(Failure::of_session)?;
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(Failure::of_mail)?;
        match timeout(QUIT_TIMEOUT, connection.quit()).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => tracing::debug!("the mail server did not say goodbye"),
        }
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let at_once = match &self.tls {
            Tls::FromTheStart(parameters) => Some(parameters.clone()),
            Tls::None | Tls::Starttls(_) => None,
        };
        let (host, port) = &self.address;
        let server = (host.as_str(), *port);
        let limit = Some(CONNECT_TIMEOUT);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, at_once, None).await?;
        if let Tls::Starttls(parameters) = &self.tls {
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

fn tls_parameters(args: &Args) -> Result<TlsParameters, Error> {
    let wrong = |name, reason: &str| Error::Setting { name, reason: reason.to_owned() };
    let mut builder = TlsParameters::builder(args.smtp_host.clone());
    if let Some(path) = &args.smtp_ca_file {
        let certificates = read_certificates(path)?;
        builder = builder
            .certificate_store(lettre::transport::smtp::client::CertificateStore::None)
            .add_root_certificate(certificates);
    }
    builder.build().map_err(|_| wrong("SMTP_HOST", "is no name that a certificate can be for"))
}

fn read_certificates(path: &Path) -> Result<Certificate, Error> {
    const NAME: &str = "SMTP_CA_FILE";
    let unreadable = |source| Error::ReadFile { name: NAME, path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(unreadable)?;
    let reason = format!("the file {} holds no certificates in PEM", path.display());
    Certificate::from_pem(&pem).map_err(|_| Error::Setting { name: NAME, reason })
}

fn credentials(args: &Args) -> Result<Option<Credentials>, Error> {
    let Some(username) = args.smtp_username.clone().filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let (value, file) = (args.smtp_password.as_ref(), args.smtp_password_file.as_deref());
    let password = secret::require("SMTP_PASSWORD", value, file)?;
    Ok(Some(Credentials::new(username, password.expose_secret().to_owned())))
}

/// One line of bounded length.
fn bounded(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MAX_ERROR_CHARS).collect()
}
