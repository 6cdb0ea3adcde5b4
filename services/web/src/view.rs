//! What a page is besides its template: its title, and how search engines and caches treat it.

use askama::Template;
use serde_json::Value;

use crate::format::json_ld;

/// The content of a page: a template and its head. The layout surrounds it.
pub(crate) trait View: Template {
    /// Returns the head of the page.
    fn head(&self) -> Head;
}

/// The head of a page.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) title: String,
    pub(crate) description: String,
    /// Path of the canonical link, and that search engines list the page under it.
    pub(crate) canonical: Option<String>,
    /// Whether search engines list the page.
    pub(crate) is_indexed: bool,
    pub(crate) layout: LayoutKind,
    pub(crate) storage: Storage,
    /// Structured data, as script content.
    pub(crate) json_ld: Vec<String>,
    /// URL or path of the image in previews of links.
    pub(crate) image: Option<String>,
    /// The text in the search field.
    pub(crate) search_text: String,
}

/// The layout around a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LayoutKind {
    /// Header with search and categories, and footer.
    Shop,
    /// A reduced header without ways out of the checkout.
    Checkout,
}

/// Whether browsers may store a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Browsers may store the page, and ask whether it has changed.
    Revalidate,
    /// Browsers must not store the page, because it shows personal data.
    Never,
}

impl Head {
    /// A page of the catalog, or another one that everybody sees. Search engines list it if it has
    /// a canonical link.
    pub(crate) fn public(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            canonical: None,
            is_indexed: false,
            layout: LayoutKind::Shop,
            storage: Storage::Revalidate,
            json_ld: Vec::new(),
            image: None,
            search_text: String::new(),
        }
    }

    /// A page with personal data.
    pub(crate) fn private(title: impl Into<String>) -> Self {
        Self { storage: Storage::Never, ..Self::public(title) }
    }

    /// A step of the checkout.
    pub(crate) fn checkout(title: impl Into<String>) -> Self {
        Self { layout: LayoutKind::Checkout, ..Self::private(title) }
    }

    /// Sets the description for search engines.
    pub(crate) fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Lets search engines list the page under this path.
    pub(crate) fn indexed(mut self, path: impl Into<String>) -> Self {
        self.canonical = Some(path.into());
        self.is_indexed = true;
        self
    }

    /// Names the page that search engines list instead of this one.
    pub(crate) fn variant_of(mut self, path: impl Into<String>) -> Self {
        self.canonical = Some(path.into());
        self.is_indexed = false;
        self
    }

    /// Adds structured data.
    pub(crate) fn json_ld(mut self, data: &Value) -> Self {
        self.json_ld.push(json_ld::to_script(data));
        self
    }

    /// Sets the image in previews of links.
    pub(crate) fn image(mut self, image: Option<String>) -> Self {
        self.image = image;
        self
    }

    /// Sets the text in the search field.
    pub(crate) fn search_text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.search_text);
        self
    }
}
