//! The layout around every view: `templates/base.html`.

use askama::Template;

use super::layout_context::LayoutContext;
use crate::assets;
use crate::messages::Messages;
use crate::shop_info::ShopInfo;
use crate::view::{Head, LayoutKind, View};

/// Maximum number of characters of a title. Tabs and search engines show fewer.
const MAX_TITLE_CHARS: usize = 70;

/// The whole document.
#[derive(Template)]
#[template(path = "base.html")]
pub(super) struct Layout<'a> {
    m: &'static Messages,
    shop: &'a ShopInfo,
    context: LayoutContext,
    head: Head,
    /// Whether the page rejects a form.
    is_rejection: bool,
    /// The rendered view.
    content: String,
}

/// A rendered view with its head.
pub(super) struct Content {
    pub(super) head: Head,
    html: String,
}

impl Content {
    pub(super) fn new(view: &impl View) -> Result<Self, askama::Error> {
        Ok(Self { head: view.head(), html: view.render()? })
    }
}

impl<'a> Layout<'a> {
    pub(super) fn new(shop: &'a ShopInfo, context: LayoutContext, content: Content) -> Self {
        let Content { head, html } = content;
        Self { m: shop.messages, shop, context, head, is_rejection: false, content: html }
    }

    /// Sets whether the page rejects a form.
    pub(super) fn rejection(self, is_rejection: bool) -> Self {
        Self { is_rejection, ..self }
    }

    /// Renders the document.
    pub(super) fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn document_title(&self) -> String {
        let title = document_title(&self.head.title, &self.shop.name);
        let has_error = self.context.flash.as_ref().is_some_and(|flash| flash.is_error);
        match has_error || self.is_rejection {
            true => format!("{}{title}", self.m.layout.error_prefix),
            false => title,
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
            None => self.shop.url.join(&assets::url("og.png")),
        }
    }

    fn is_checkout(&self) -> bool {
        self.head.layout == LayoutKind::Checkout
    }
}

/// Returns the title of a document. A long title of a page is cut, so that the name of the shop
/// stays visible.
fn document_title(title: &str, shop_name: &str) -> String {
    if title.is_empty() {
        return shop_name.to_owned();
    }
    let end = format!(" – {shop_name}");
    let max = MAX_TITLE_CHARS.saturating_sub(end.chars().count()).max(1);
    if title.chars().count() <= max {
        return format!("{title}{end}");
    }
    let start: String = title.chars().take(max - 1).collect();
    format!("{}…{end}", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_ends_with_the_name_of_the_shop() {
        assert_eq!(document_title("", "Shop"), "Shop");
        assert_eq!(document_title("Desk Lamp", "Shop"), "Desk Lamp – Shop");
        let long = document_title(&"lamp ".repeat(40), "Shop");
        assert_eq!(long.chars().count(), MAX_TITLE_CHARS);
        assert!(long.ends_with("la… – Shop"), "{long}");
        assert_eq!(document_title("Desk Lamp", &"s".repeat(80)).chars().next(), Some('…'));
    }
}
