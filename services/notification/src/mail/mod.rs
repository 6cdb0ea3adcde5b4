//! From what a mail says to a mail that the server took: the shop that writes it, its two parts, the
//! message around them, SMTP.

mod message;
mod parts;
mod shop;
mod smtp;

use kit::Error;
use lettre::Address;
use uuid::Uuid;

use self::{message::Letter, smtp::Server};
pub(crate) use self::{shop::Shop, smtp::Failure};
use crate::{Args, domain::content::Content};

/// Writes mails of the shop and hands them to its mail server.
#[derive(Debug)]
pub(crate) struct Mailer {
    shop: Shop,
    server: Server,
}

impl Mailer {
    /// # Errors
    /// When a setting of the mail server cannot be used.
    pub(crate) fn new(args: &Args, shop: Shop) -> Result<Self, Error> {
        Ok(Self { shop, server: Server::new(args)? })
    }

    /// One attempt. It is dropped without harm: the connection ends with it.
    pub(crate) async fn send(
        &self,
        id: Uuid,
        created_at: jiff::Timestamp,
        recipient: &str,
        content: &Content,
    ) -> Result<(), Failure> {
        let to: Address = recipient.parse().map_err(Failure::unwritable)?;
        let message = Letter { id, created_at, to, content }.write(&self.shop)?;
        self.server.send(&message).await
    }
}
