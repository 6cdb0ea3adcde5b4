//! Replies of the SMTP server (RFC 5321, 4.2; extended codes of RFC 3463).

pub(super) const GREETING: &str = "220 inbox ESMTP\r\n";
pub(super) const HELLO: &str = "250 inbox\r\n";
pub(super) const BYE: &str = "221 2.0.0 closing the connection\r\n";
pub(super) const OK: &str = "250 2.0.0 ok\r\n";
pub(super) const MESSAGE_ACCEPTED: &str = "250 2.0.0 message accepted\r\n";
pub(super) const HELP: &str = "214 2.0.0 see RFC 5321\r\n";
pub(super) const CANNOT_VERIFY: &str = "252 2.5.1 not verified, every recipient is accepted\r\n";
pub(super) const START_DATA: &str = "354 end with <CRLF>.<CRLF>\r\n";
pub(super) const IDLE_TIMEOUT: &str = "421 4.4.2 idle timeout\r\n";
pub(super) const TOO_MANY_ERRORS: &str = "421 4.7.0 too many errors\r\n";
pub(super) const TOO_MANY_RECIPIENTS: &str = "452 4.5.3 too many recipients\r\n";
pub(super) const LINE_TOO_LONG: &str = "500 5.5.2 line too long\r\n";
pub(super) const UNKNOWN_COMMAND: &str = "500 5.5.1 unknown command\r\n";
pub(super) const BAD_ARGUMENT: &str = "501 5.5.4 syntax error\r\n";
pub(super) const NOT_IMPLEMENTED: &str = "502 5.5.1 not implemented\r\n";
pub(super) const HELLO_FIRST: &str = "503 5.5.1 send EHLO first\r\n";
pub(super) const MAIL_FIRST: &str = "503 5.5.1 send MAIL first\r\n";
pub(super) const RCPT_FIRST: &str = "503 5.5.1 send RCPT first\r\n";
pub(super) const NESTED_MAIL: &str = "503 5.5.1 a mail transaction is already in progress\r\n";
pub(super) const TOO_LARGE: &str = "552 5.3.4 message too large\r\n";

/// Returns the reply to EHLO.
pub(super) fn extensions(max_bytes: usize) -> String {
    format!(
        "250-inbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {max_bytes}\r\n"
    )
}
