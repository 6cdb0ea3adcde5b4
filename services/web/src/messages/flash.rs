//! Flash messages: the text, and the links to what it is about.

use std::borrow::Cow;

use super::Messages;
use crate::session::{Flash, FlashCode};

/// A message as the layout shows it.
#[derive(Debug)]
pub(crate) struct FlashMessage {
    pub(crate) text: Cow<'static, str>,
    pub(crate) is_error: bool,
    pub(crate) links: Vec<FlashLink>,
}

/// A link in a message.
#[derive(Debug)]
pub(crate) struct FlashLink {
    pub(crate) text: &'static str,
    pub(crate) href: String,
}

/// The texts of the links.
#[derive(Debug)]
pub(super) struct FlashLinkTexts {
    pub(super) view_cart: &'static str,
    pub(super) check_out: &'static str,
    pub(super) view_order: &'static str,
    pub(super) view_wishlist: &'static str,
}

impl Messages {
    /// Returns a message with its links.
    pub(crate) fn flash_message(&self, flash: Flash) -> FlashMessage {
        let texts = &self.flash_links;
        let link = |text, href: &str| FlashLink { text, href: href.to_owned() };
        let number = flash.number.as_deref();
        let text = number.and_then(|number| (self.flash_about_order)(flash.code, number));
        let links = match (flash.code, flash.id) {
            (FlashCode::AddedToCart, _) => {
                vec![link(texts.view_cart, "/cart"), link(texts.check_out, "/checkout")]
            }
            (FlashCode::AddedToWishlist, _) => vec![link(texts.view_wishlist, "/wishlist")],
            (FlashCode::AlreadyPlaced | FlashCode::FormSentBefore, Some(id)) => {
                vec![link(texts.view_order, &format!("/orders/{id}"))]
            }
            _ => Vec::new(),
        };
        let is_error = flash.code.is_error();
        let text = text.map_or_else(|| Cow::Borrowed((self.flash)(flash.code)), Cow::Owned);
        FlashMessage { text, is_error, links }
    }
}
