//! What the layout shows around a view.

use super::Page;
use crate::gateway_client::Category;
use crate::messages::FlashMessage;
use crate::session::Theme;

/// Maximum number of categories in the header. The page of all categories lists the others.
const MAX_CATEGORIES: usize = 8;

/// What the layout shows around a view.
#[derive(Debug)]
pub(super) struct LayoutContext {
    pub(super) categories: Vec<CategoryLink>,
    pub(super) is_signed_in: bool,
    /// Units in the cart; `None` if unknown.
    pub(super) cart_units: Option<u64>,
    pub(super) flash: Option<FlashMessage>,
    pub(super) theme: Theme,
    /// Path and query of the page.
    pub(super) url: String,
}

/// A link to a category.
#[derive(Debug)]
pub(super) struct CategoryLink {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) is_current: bool,
}

impl LayoutContext {
    /// Collects what the layout of a page shows.
    pub(super) fn new(page: &Page, categories: &[Category], cart_units: Option<u64>) -> Self {
        let path = page.url.split('?').next().unwrap_or_default();
        let top_level = categories.iter().filter(|category| category.parent_id.is_none());
        let categories = top_level.take(MAX_CATEGORIES).map(|category| {
            let href = format!("/categories/{}", category.slug);
            CategoryLink { name: category.name.clone(), is_current: href == path, href }
        });
        let flash = page.session.take_flash();
        Self {
            categories: categories.collect(),
            is_signed_in: page.session.is_signed_in(),
            cart_units: cart_units.filter(|units| *units > 0),
            flash: flash.map(|flash| page.messages().flash_message(flash)),
            theme: page.session.theme(),
            url: page.url.clone(),
        }
    }

    /// The value of `data-theme`.
    pub(super) fn theme_name(&self) -> &'static str {
        self.theme.name()
    }

    /// Whether a theme is the chosen one.
    pub(super) fn is_theme(&self, name: &str) -> bool {
        self.theme.name() == name
    }
}
