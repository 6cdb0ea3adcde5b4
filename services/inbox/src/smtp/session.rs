//! The dialogue of one connection: bytes in, replies and mails out. No I/O.
//!
//! The grammar of commands and of the end of data is the library's; this is the order they come in.

use smtp_proto::{
    Error, MailFrom, RcptTo, Request,
    request::receiver::{DataReceiver, DummyDataReceiver, RequestReceiver},
};

use super::reply;
use crate::mail::Received;

/// Largest message: many times the shop's own.
const MAX_BYTES: usize = 1024 * 1024;
/// Recipients of one mail; RFC 5321, 4.5.3.1.8 asks for so many.
const MAX_RECIPIENTS: usize = 100;
/// Commands in one connection that cannot be followed; a client that makes more is none of SMTP.
const MAX_ERRORS: usize = 10;

/// A mail that is being addressed.
#[derive(Debug)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

/// What follows DATA.
enum Data {
    Kept {
        receiver: DataReceiver,
        bytes: Vec<u8>,
    },
    /// Read to its end, for the client listens only then.
    TooLarge(DummyDataReceiver),
}

/// One connection.
pub(super) struct Session {
    greeted: bool,
    envelope: Option<Envelope>,
    commands: RequestReceiver,
    data: Option<Data>,
    errors: usize,
    over: bool,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            greeted: false,
            envelope: None,
            commands: RequestReceiver::default(),
            data: None,
            errors: 0,
            over: false,
        }
    }

    /// Whether there is nothing more to say.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Takes what came, adds what is to be said to `replies`, and gives the mails that are complete.
    pub(super) fn receive(&mut self, bytes: &[u8], replies: &mut String) -> Vec<Received> {
        let mut received = Vec::new();
        let mut rest = bytes.iter();
        while !self.over && !rest.as_slice().is_empty() {
            if let Some(data) = self.data.take() {
                received.extend(self.read_data(data, &mut rest, replies));
                continue;
            }
            let request = self.commands.ingest(&mut rest).map(Request::into_owned);
            match request {
                Ok(request) => self.follow(request, replies),
                Err(Error::NeedsMoreData { .. }) => break,
                Err(error) => self.complain(&error, replies),
            }
        }
        received
    }

    fn read_data(
        &mut self,
        data: Data,
        rest: &mut std::slice::Iter<'_, u8>,
        replies: &mut String,
    ) -> Option<Received> {
        match data {
            Data::Kept { mut receiver, mut bytes } => {
                let complete = receiver.ingest(rest, &mut bytes);
                match (complete, bytes.len() > MAX_BYTES) {
                    (true, false) => {
                        replies.push_str(reply::KEPT);
                        let Envelope { from, to } = self.envelope.take()?;
                        return Some(Received { from, to, raw: bytes.split_off(LINE_END.len()) });
                    }
                    (true, true) => self.refuse_data(replies),
                    (false, false) => self.data = Some(Data::Kept { receiver, bytes }),
                    (false, true) => {
                        self.data = Some(Data::TooLarge(DummyDataReceiver::new_data(&receiver)));
                    }
                }
            }
            Data::TooLarge(mut receiver) => {
                if receiver.ingest(rest) {
                    self.refuse_data(replies);
                } else {
                    self.data = Some(Data::TooLarge(receiver));
                }
            }
        }
        None
    }

    fn refuse_data(&mut self, replies: &mut String) {
        self.envelope = None;
        replies.push_str(reply::TOO_LARGE);
    }

    fn follow(&mut self, request: Request<String>, replies: &mut String) {
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
                self.over = true;
                replies.push_str(reply::BYE);
            }
            _ => self.err(reply::NOT_IMPLEMENTED, replies),
        }
    }

    fn mail(&mut self, from: MailFrom<String>, replies: &mut String) {
        if !self.greeted {
            return self.err(reply::HELLO_FIRST, replies);
        }
        if self.envelope.is_some() {
            return self.err(reply::ONE_AT_A_TIME, replies);
        }
        if from.size > MAX_BYTES {
            return replies.push_str(reply::TOO_LARGE);
        }
        self.envelope = Some(Envelope { from: from.address, to: Vec::new() });
        replies.push_str(reply::OK);
    }

    fn rcpt(&mut self, to: RcptTo<String>, replies: &mut String) {
        match &mut self.envelope {
            None => self.err(reply::MAIL_FIRST, replies),
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
            None => self.err(reply::MAIL_FIRST, replies),
            Some(envelope) if envelope.to.is_empty() => self.err(reply::RCPT_FIRST, replies),
            Some(_) => {
                let (mut receiver, mut bytes) = (DataReceiver::new(), Vec::new());
                // The end of the line of DATA is also the one before a point that ends an empty mail.
                receiver.ingest(&mut LINE_END.iter(), &mut bytes);
                self.data = Some(Data::Kept { receiver, bytes });
                replies.push_str(reply::GO_AHEAD);
            }
        }
    }

    /// Answers what is no command.
    fn complain(&mut self, error: &Error, replies: &mut String) {
        match error {
            // What comes next is the rest of that line.
            Error::ResponseTooLong => {
                self.over = true;
                replies.push_str(reply::LINE_TOO_LONG);
            }
            Error::UnknownCommand => self.err(reply::UNKNOWN_COMMAND, replies),
            _ => self.err(reply::BAD_ARGUMENT, replies),
        }
    }

    fn err(&mut self, text: &str, replies: &mut String) {
        self.errors += 1;
        self.over = self.errors > MAX_ERRORS;
        replies.push_str(if self.over { reply::TOO_MANY_ERRORS } else { text });
    }
}

const LINE_END: &[u8] = b"\r\n";

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
