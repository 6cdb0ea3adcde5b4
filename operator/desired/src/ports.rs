//! The ports besides those of the components' APIs.

/// The internal port of the gateway.
pub(crate) const GATEWAY_INTERNAL: u16 = 8081;
/// The name of that port.
pub(crate) const GATEWAY_INTERNAL_NAME: &str = "internal";
/// The port of PostgreSQL.
pub(crate) const POSTGRES: u16 = 5432;
/// The port of Redis.
pub(crate) const REDIS: u16 = 6379;
/// The port on which the inbox receives mails.
pub(crate) const INBOX_SMTP: u16 = 1025;
/// The name of that port.
pub(crate) const INBOX_SMTP_NAME: &str = "smtp";
/// The port of the inbox's web page.
pub(crate) const INBOX_HTTP: u16 = 8025;
/// The name of that port.
pub(crate) const INBOX_HTTP_NAME: &str = "http";
