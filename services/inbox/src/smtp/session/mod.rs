//! SMTP session of one connection, without I/O: it turns received bytes into replies and messages.
//!
//! The library parses commands and the end of data; this module checks the order of commands.

use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver, RequestReceiver};
use smtp_proto::{Error, MailFrom, RcptTo, Request};

use super::reply;
use crate::mail::ReceivedMessage;

/// Maximum size of a message, many times the size of the shop's mails.
const MAX_BYTES: usize = 1024 * 1024;

/// Maximum number of recipients of a mail; RFC 5321, 4.5.3.1.8 requires at least this many.
const MAX_RECIPIENTS: usize = 100;

/// Maximum number of invalid commands in one connection; a client that sends more does not speak
/// SMTP.
const MAX_ERRORS: usize = 10;

/// The end of a line.
const CRLF: &[u8] = b"\r\n";

/// The envelope of the current mail transaction.
#[derive(Debug)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

/// State of the message that follows DATA.
enum Data {
    /// The message is stored while it is read.
    Reading { receiver: DataReceiver, bytes: Vec<u8> },
    /// The message is too large. It is read to its end without being stored, because the client
    /// reads the reply only then.
    Discarding(DummyDataReceiver),
}

/// State of an SMTP session.
pub(super) struct Session {
    greeted: bool,
    envelope: Option<Envelope>,
    commands: RequestReceiver,
    data: Option<Data>,
    errors: usize,
    ended: bool,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            greeted: false,
            envelope: None,
            commands: RequestReceiver::default(),
            data: None,
            errors: 0,
            ended: false,
        }
    }

    /// Whether the server closes the connection after the replies.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Processes received bytes: appends the replies to `replies` and returns the complete
    /// messages.
    pub(super) fn receive(&mut self, bytes: &[u8], replies: &mut String) -> Vec<ReceivedMessage> {
        let mut messages = Vec::new();
        let mut rest = bytes.iter();
        while !self.ended && !rest.as_slice().is_empty() {
            if let Some(data) = self.data.take() {
                messages.extend(self.read_data(data, &mut rest, replies));
                continue;
            }
            let request = self.commands.ingest(&mut rest).map(Request::into_owned);
            match request {
                Ok(request) => self.execute(request, replies),
                Err(Error::NeedsMoreData { .. }) => break,
                Err(error) => self.reject_input(&error, replies),
            }
        }
        messages
    }

    fn read_data(
        &mut self,
        data: Data,
        rest: &mut std::slice::Iter<'_, u8>,
        replies: &mut String,
    ) -> Option<ReceivedMessage> {
        match data {
            Data::Reading { mut receiver, mut bytes } => {
                let complete = receiver.ingest(rest, &mut bytes);
                match (complete, bytes.len() > MAX_BYTES) {
                    (true, false) => {
                        replies.push_str(reply::MESSAGE_ACCEPTED);
                        let Envelope { from, to } = self.envelope.take()?;
                        let raw = bytes.split_off(CRLF.len());
                        return Some(ReceivedMessage { from, to, raw });
                    }
                    (true, true) => self.reject_data(replies),
                    (false, false) => self.data = Some(Data::Reading { receiver, bytes }),
                    (false, true) => {
                        self.data = Some(Data::Discarding(DummyDataReceiver::new_data(&receiver)));
                    }
                }
            }
            Data::Discarding(mut receiver) => {
                if receiver.ingest(rest) {
                    self.reject_data(replies);
                } else {
                    self.data = Some(Data::Discarding(receiver));
                }
            }
        }
        None
    }

    fn reject_data(&mut self, replies: &mut String) {
        self.envelope = None;
        replies.push_str(reply::TOO_LARGE);
    }

    fn execute(&mut self, request: Request<String>, replies: &mut String) {
        match request {
            Request::Ehlo { .. } => {
                (self.greeted, self.envelope) = (true, None);
                replies.push_str(&reply::extensions(MAX_BYTES));
            }
            Request::Helo { .. } => {
                (self.greeted, self.envelope) = (true, None);
                replies.push_str(reply::HELLO);
            }
            Request::Mail { from } => self.mail(from, replies),
            Request::Rcpt { to } => self.rcpt(to, replies),
            Request::Data => self.begin_data(replies),
            Request::Rset => {
                self.envelope = None;
                replies.push_str(reply::OK);
            }
            Request::Noop { .. } => replies.push_str(reply::OK),
            Request::Help { .. } => replies.push_str(reply::HELP),
            Request::Vrfy { .. } => replies.push_str(reply::CANNOT_VERIFY),
            Request::Quit => {
                self.ended = true;
                replies.push_str(reply::BYE);
            }
            _ => self.reject(reply::NOT_IMPLEMENTED, replies),
        }
    }

    fn mail(&mut self, from: MailFrom<String>, replies: &mut String) {
        if !self.greeted {
            return self.reject(reply::HELLO_FIRST, replies);
        }
        if self.envelope.is_some() {
            return self.reject(reply::NESTED_MAIL, replies);
        }
        if from.size > MAX_BYTES {
            return replies.push_str(reply::TOO_LARGE);
        }
        self.envelope = Some(Envelope { from: from.address, to: Vec::new() });
        replies.push_str(reply::OK);
    }

    fn rcpt(&mut self, to: RcptTo<String>, replies: &mut String) {
        match &mut self.envelope {
            None => self.reject(reply::MAIL_FIRST, replies),
            Some(envelope) if envelope.to.len() >= MAX_RECIPIENTS => {
                replies.push_str(reply::TOO_MANY_RECIPIENTS);
            }
            Some(envelope) => {
                envelope.to.push(to.address);
                replies.push_str(reply::OK);
            }
        }
    }

    fn begin_data(&mut self, replies: &mut String) {
        match &self.envelope {
            None => self.reject(reply::MAIL_FIRST, replies),
            Some(envelope) if envelope.to.is_empty() => self.reject(reply::RCPT_FIRST, replies),
            Some(_) => {
                let (mut receiver, mut bytes) = (DataReceiver::new(), Vec::new());
                // In an empty message, the line end of DATA is the one before the final dot.
                receiver.ingest(&mut CRLF.iter(), &mut bytes);
                self.data = Some(Data::Reading { receiver, bytes });
                replies.push_str(reply::START_DATA);
            }
        }
    }

    /// Replies to input that is not a valid command.
    fn reject_input(&mut self, error: &Error, replies: &mut String) {
        match error {
            // The session ends, because the next bytes are the rest of that line.
            Error::ResponseTooLong => {
                self.ended = true;
                replies.push_str(reply::LINE_TOO_LONG);
            }
            Error::UnknownCommand => self.reject(reply::UNKNOWN_COMMAND, replies),
            _ => self.reject(reply::BAD_ARGUMENT, replies),
        }
    }

    /// Replies with an error. After too many errors the session ends.
    fn reject(&mut self, text: &str, replies: &mut String) {
        self.errors += 1;
        self.ended = self.errors > MAX_ERRORS;
        replies.push_str(if self.ended { reply::TOO_MANY_ERRORS } else { text });
    }
}

#[cfg(test)]
mod tests;
