//! The layout around every view: `templates/base.html`.

use askama::Template;

use super::chrome::Chrome;
use crate::assets;
use crate::messages::Messages;
use crate::shop_info::ShopInfo;
use crate::view::{Head, LayoutKind, View};

/// The whole document.
#[derive(Template)]
#[template(path = "base.html")]
pub(super) struct Layout<'a, V: View> {
    m: &'static Messages,
    shop: &'a ShopInfo,
    head: Head,
    chrome: Chrome,
    view: V,
}

impl<'a, V: View> Layout<'a, V> {
    pub(super) fn new(shop: &'a ShopInfo, head: Head, chrome: Chrome, view: V) -> Self {
        Self { m: shop.messages, shop, head, chrome, view }
    }

    /// Renders the document.
    pub(super) fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn document_title(&self) -> String {
        match self.head.title.as_str() {
            "" => self.shop.name.clone(),
            title => format!("{title} – {}", self.shop.name),
        }
    }

    fn description(&self) -> &str {
        match self.head.description.as_str() {
            "" => &self.shop.tagline,
            description => description,
        }
    }

    fn canonical_url(&self) -> Option<String> {
        self.head.canonical.as_ref().map(|path| self.shop.url.join(path))
    }

    fn is_indexed(&self) -> bool {
        self.head.is_indexed && self.shop.is_indexed
    }

    fn image_url(&self) -> String {
        match &self.head.image {
            Some(image) if image.starts_with('/') => self.shop.url.join(image),
            Some(image) => image.clone(),
            None => self.shop.url.join(&assets::url("hero.svg")),
        }
    }

    fn is_checkout(&self) -> bool {
        self.head.layout == LayoutKind::Checkout
    }
}
