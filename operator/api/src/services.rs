//! What can be said about single services of the shop: mails, payments, sign-in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules;
use crate::rules::services::lifetime;
use crate::workload::SecretName;

/// The longest e-mail address.
const MAX_ADDRESS: usize = 254;

/// The shop's mails.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::services::mail()))]
pub struct Mail {
    /// Inbox: the operator runs an inbox that keeps every mail and shows it on a web page, for
    /// trying out; nothing leaves the cluster. Smtp: mails go to the server that `smtp` describes.
    pub mode: MailMode,

    /// Who the mails come from, for example `Shop <orders@shop.example.com>`. Required with mode
    /// Smtp. Not set: `Storefront <shop@localhost>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = 320),
        extend("x-kubernetes-validations" = rules::services::mailbox())
    )]
    pub from: Option<String>,

    /// The mail server to use with mode Smtp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
}

/// Where the shop's mails go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MailMode {
    /// To the inbox that the operator runs.
    #[default]
    Inbox,
    /// To a mail server.
    Smtp,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Smtp {
    /// The server's DNS name or IP address, as pods of this cluster reach it.
    #[schemars(length(min = 1, max = 253), extend("x-kubernetes-validations" = rules::host()))]
    pub host: String,

    /// The server's port: most often 587 with Starttls, 465 with Tls.
    #[serde(default = "submission_port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,

    /// How the connection is protected. None: not at all, for a server in the same cluster.
    /// Starttls: encrypted, or no mail is sent. Tls: encrypted from the first byte.
    #[serde(default)]
    pub tls: SmtpTls,

    /// A Secret with the keys `username` and `password` to sign in with. Not set: nobody signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret: Option<SecretName>,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// By STARTTLS, which the server has to offer.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
}

impl SmtpTls {
    /// As the shop's `SMTP_TLS` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
        }
    }
}

/// How shoppers pay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Payments {
    /// Who moves the money. Simulator: nobody; it answers by the payment method's name, for trying
    /// out. There is no other provider yet.
    pub provider: PaymentProvider,
}

/// Who moves the money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PaymentProvider {
    /// Nobody.
    #[default]
    Simulator,
}

impl PaymentProvider {
    /// As the shop's `PAYMENT_PROVIDER` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
        }
    }
}

/// Accounts and how long sign-in lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Auth {
    /// How long an access token is good, 1m to 24h: for as long somebody who is shut out can go on.
    #[schemars(
        length(min = 1, max = 20),
        extend("x-kubernetes-validations" = lifetime("accessTokenTtl", "1m", "24h"))
    )]
    pub access_token_ttl: String,

    /// How long a refresh token is good, 5m to 8760h: after this time without a visit people sign
    /// in again.
    #[schemars(
        length(min = 1, max = 20),
        extend("x-kubernetes-validations" = lifetime("refreshTokenTtl", "5m", "8760h"))
    )]
    pub refresh_token_ttl: String,

    /// The e-mail address of the first administrator, who is made if there is no account of that
    /// address. The password is made up and kept in the Secret `<name>-admin-password` under
    /// `password`. Another address makes another administrator, and the former stays one. Not set:
    /// none is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = MAX_ADDRESS),
        extend("x-kubernetes-validations" = rules::services::address())
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
