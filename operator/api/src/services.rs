//! The part of the spec about single services of the shop: mail, payments and sign-in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules;
use crate::rules::services::lifetime;
use crate::workload::SecretName;

/// The maximum length of an e-mail address (RFC 5321).
pub(crate) const MAX_ADDRESS: usize = 254;

/// Mail that the shop sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::services::mail()))]
pub struct Mail {
    /// Inbox: the operator runs a mail catcher that shows all mails on a web page, for evaluation;
    /// no mail leaves the cluster. Smtp: mails are sent to the server that `smtp` describes.
    pub mode: MailMode,

    /// The sender of the mails, for example `Shop <orders@shop.example.com>`. Required with mode
    /// Smtp. Default: `Storefront <shop@localhost>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = 320),
        extend("x-kubernetes-validations" = [rules::services::mailbox()])
    )]
    pub from: Option<String>,

    /// The mail server, with mode Smtp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
}

/// The destination of the shop's mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MailMode {
    /// The inbox that the operator runs.
    #[default]
    Inbox,
    /// A mail server.
    Smtp,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Smtp {
    /// The DNS name or IP address of the server, as seen from pods of this cluster.
    #[schemars(length(min = 1, max = 253), extend("x-kubernetes-validations" = [rules::host()]))]
    pub host: String,

    /// The port of the server: usually 587 with Starttls, 465 with Tls.
    #[serde(default = "submission_port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,

    /// The encryption of the connection. None: no encryption, for a server in the same cluster.
    /// Starttls: upgrade by STARTTLS, which the server must offer. Tls: implicit TLS.
    #[serde(default)]
    pub tls: SmtpTls,

    /// A Secret with the keys `username` and `password` for authentication at the server. If it is
    /// not set, the shop does not authenticate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret: Option<SecretName>,
}

/// The encryption of the connection to a mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SmtpTls {
    /// No encryption.
    None,
    /// Upgrade by STARTTLS, which the server must offer.
    #[default]
    Starttls,
    /// Implicit TLS.
    Tls,
}

impl SmtpTls {
    /// Returns the value of the shop's setting `SMTP_TLS`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
        }
    }
}

/// Payment processing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Payments {
    /// The payment provider. Simulator: no money moves; the payment method determines the result,
    /// for evaluation. There is no other provider yet.
    pub provider: PaymentProvider,
}

/// A payment provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PaymentProvider {
    /// A simulation that moves no money.
    #[default]
    Simulator,
}

impl PaymentProvider {
    /// Returns the value of the shop's setting `PAYMENT_PROVIDER`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
        }
    }
}

/// Accounts and the lifetimes of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Auth {
    /// The lifetime of an access token, 1m to 24h. A disabled account keeps access for at most this
    /// time.
    #[schemars(
        length(min = 1, max = 20),
        extend("x-kubernetes-validations" = [lifetime("accessTokenTtl", "1m", "24h")])
    )]
    pub access_token_ttl: String,

    /// The lifetime of a refresh token, 5m to 8760h. Users who are inactive for longer must sign in
    /// again.
    #[schemars(
        length(min = 1, max = 20),
        extend("x-kubernetes-validations" = [lifetime("refreshTokenTtl", "5m", "8760h")])
    )]
    pub refresh_token_ttl: String,

    /// The e-mail address of the first administrator. The account is created if there is none with
    /// this address; its password is generated and stored in the Secret `<name>-admin-password`,
    /// key `password`. A different address creates another administrator and does not affect the
    /// former one. If it is not set, no account is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = MAX_ADDRESS),
        extend("x-kubernetes-validations" = [rules::services::address()])
    )]
    pub admin_email: Option<String>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            access_token_ttl: "15m".to_owned(),
            refresh_token_ttl: "168h".to_owned(),
            admin_email: None,
        }
    }
}

fn submission_port() -> u16 {
    587
}
