//! The SMTP client: one connection for each mail.
//!
//! The client uses lettre's connection and not its transport, because the transport does not report
//! in which phase an attempt failed. A failure before the mail transaction (connect, TLS,
//! authentication) is not about the mail, so it is retried regardless of the reply code. Only a
//! reply to the mail itself can reject it permanently. Connections are not reused: one that is
//! dropped in the middle of a command, as when an attempt times out, must not be used again.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use kit::{Error, secret};
use lettre::Message;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::{Args, SmtpTls};

/// The maximum time to connect to one address of the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum wait for the reply to QUIT. The mail is delivered, regardless of this reply.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
/// The reply code "authentication required". In reply to a mail it means that the settings are
/// wrong.
const AUTHENTICATION_REQUIRED: u16 = 530;
/// The maximum length of a stored error; servers can send long replies.
const MAX_ERROR_CHARS: usize = 500;

/// The SMTP relay (mail server).
pub(super) struct SmtpRelay {
    address: (String, u16),
    tls: Tls,
    credentials: Option<Credentials>,
    client_id: ClientId,
}

enum Tls {
    None,
    Starttls(TlsParameters),
    Implicit(TlsParameters),
}

impl fmt::Debug for SmtpRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpRelay").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A failed delivery attempt.
#[derive(Debug)]
pub(crate) struct SendFailure {
    /// Whether the failure is permanent: a retry cannot succeed.
    pub(crate) is_permanent: bool,
    /// The server's reply code, if it replied.
    pub(crate) code: Option<u16>,
    /// The error for administrators. Not for logs, because servers repeat addresses.
    pub(crate) text: String,
}

impl SendFailure {
    /// A message that cannot be built. It is permanent, because a retry would build the same
    /// message.
    pub(super) fn invalid_message(error: impl StdError) -> Self {
        Self { is_permanent: true, code: None, text: to_single_line(&error.to_string()) }
    }

    fn from_smtp(error: &SmtpError, is_permanent: bool) -> Self {
        let code = error.status().map(u16::from);
        Self { is_permanent, code, text: to_single_line(&error.to_string()) }
    }

    /// A failure before the mail transaction, which is always temporary.
    fn before_transaction(error: SmtpError) -> Self {
        Self::from_smtp(&error, false)
    }

    /// A failure during the mail transaction.
    fn in_transaction(error: SmtpError) -> Self {
        let is_settings_error = error.status().map(u16::from) == Some(AUTHENTICATION_REQUIRED);
        // A client error here means that the server does not support what the mail requires.
        Self::from_smtp(&error, (error.is_permanent() && !is_settings_error) || error.is_client())
    }
}

impl SmtpRelay {
    pub(super) fn new(args: &Args) -> Result<Self, Error> {
        let tls = match args.smtp_tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Starttls(tls_parameters(args)?),
            SmtpTls::Tls => Tls::Implicit(tls_parameters(args)?),
        };
        let credentials = credentials(args)?;
        if credentials.is_some() && matches!(tls, Tls::None) {
            tracing::warn!("mail server password is sent unencrypted: SMTP_TLS is none");
        }
        let address = (args.smtp_host.clone(), args.smtp_port);
        Ok(Self { address, tls, credentials, client_id: ClientId::default() })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendFailure> {
        let mut connection = self.connect().await.map_err(SendFailure::before_transaction)?;
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(SendFailure::in_transaction)?;
        match timeout(QUIT_TIMEOUT, connection.quit()).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => tracing::debug!("mail server did not reply to QUIT"),
        }
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let implicit_tls = match &self.tls {
            Tls::Implicit(parameters) => Some(parameters.clone()),
            Tls::None | Tls::Starttls(_) => None,
        };
        let (host, port) = &self.address;
        let server = (host.as_str(), *port);
        let limit = Some(CONNECT_TIMEOUT);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, limit, &self.client_id, implicit_tls, None)
                .await?;
        if let Tls::Starttls(parameters) = &self.tls {
            connection.starttls(parameters.clone(), &self.client_id).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

fn tls_parameters(args: &Args) -> Result<TlsParameters, Error> {
    let invalid = |name, reason: &str| Error::Setting { name, reason: reason.to_owned() };
    let mut builder = TlsParameters::builder(args.smtp_host.clone());
    if let Some(path) = &args.smtp_ca_file {
        let certificates = read_certificates(path)?;
        builder = builder
            .certificate_store(lettre::transport::smtp::client::CertificateStore::None)
            .add_root_certificate(certificates);
    }
    builder.build().map_err(|_| invalid("SMTP_HOST", "is not a valid name in a certificate"))
}

fn read_certificates(path: &Path) -> Result<Certificate, Error> {
    const NAME: &str = "SMTP_CA_FILE";
    let unreadable = |source| Error::ReadFile { name: NAME, path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(unreadable)?;
    let reason = format!("the file {} contains no PEM certificates", path.display());
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

/// Truncates a text and replaces control characters, so that it is one line.
fn to_single_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MAX_ERROR_CHARS).collect()
}
