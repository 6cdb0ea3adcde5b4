//! Rendering and sending of mails: the identity of the shop, the templates, the MIME message, the
//! SMTP client.

mod message;
mod parts;
mod shop_identity;
mod smtp;

use kit::Error;
use lettre::Address;
use uuid::Uuid;

use self::message::MessageInput;
pub(crate) use self::shop_identity::ShopIdentity;
pub(crate) use self::smtp::SendFailure;
use self::smtp::SmtpRelay;
use crate::Args;
use crate::domain::content::Content;

/// Builds mails and sends them through the SMTP relay.
#[derive(Debug)]
pub(crate) struct Mailer {
    shop: ShopIdentity,
    relay: SmtpRelay,
}

impl Mailer {
    /// Creates a mailer.
    ///
    /// # Errors
    /// Returns an error if a setting of the mail server is invalid.
    pub(crate) fn new(args: &Args, shop: ShopIdentity) -> Result<Self, Error> {
        Ok(Self { shop, relay: SmtpRelay::new(args)? })
    }

    /// Makes one delivery attempt. It is safe to drop the future: that closes the connection.
    pub(crate) async fn send(
        &self,
        id: Uuid,
        created_at: jiff::Timestamp,
        recipient: &str,
        content: &Content,
    ) -> Result<(), SendFailure> {
        let to: Address = recipient.parse().map_err(SendFailure::invalid_message)?;
        let message = MessageInput { id, created_at, to, content }.build(&self.shop)?;
        self.relay.send(&message).await
    }
}
