//! The message catalogue: every text of the pages, in the language of the shop.
//!
//! A language is one value of [`Messages`]: a missing text does not compile. Texts with values are
//! functions, so that each language can decide on word order and plural. `pseudo` is the
//! pseudo-locale of the tests.

mod countries;
mod countries_de;
mod de;
mod en;
mod flash;
mod groups;
#[cfg(debug_assertions)]
mod pseudo;

use crate::locale::Locale;

pub(crate) use countries::Country;
pub(crate) use flash::FlashMessage;

/// All texts of a language.
#[derive(Debug)]
pub(crate) struct Messages {
    pub(crate) layout: groups::LayoutMessages,
    pub(crate) home: groups::HomeMessages,
    pub(crate) catalog: groups::CatalogMessages,
    pub(crate) search: groups::SearchMessages,
    pub(crate) product: groups::ProductMessages,
    pub(crate) cart: groups::CartMessages,
    pub(crate) checkout: groups::CheckoutMessages,
    pub(crate) forms: groups::FormsMessages,
    pub(crate) login: groups::LoginMessages,
    pub(crate) register: groups::RegisterMessages,
    pub(crate) password_reset: groups::PasswordResetMessages,
    pub(crate) verify_email: groups::VerifyEmailMessages,
    pub(crate) account: groups::AccountMessages,
    pub(crate) orders: groups::OrdersMessages,
    pub(crate) address: groups::AddressMessages,
    pub(crate) card: groups::CardMessages,
    pub(crate) wishlist: groups::WishlistMessages,
    pub(crate) profile: groups::ProfileMessages,
    pub(crate) security: groups::SecurityMessages,
    pub(crate) privacy: groups::PrivacyMessages,
    pub(crate) help: groups::HelpMessages,
    pub(crate) errors: groups::ErrorsMessages,
    /// The texts of flash messages.
    pub(crate) flash: fn(crate::session::FlashCode) -> &'static str,
    /// The texts of flash messages that name the number of an order.
    flash_about_order: fn(crate::session::FlashCode, &str) -> Option<String>,
    /// The texts of links in flash messages.
    flash_links: flash::FlashLinkTexts,
}

/// The text of an error page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorText {
    pub(crate) title: &'static str,
    /// What the visitor can do.
    pub(crate) advice: &'static str,
}

/// The text of a static page.
#[derive(Debug)]
pub(crate) struct StaticText {
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// Headings with their paragraphs.
    pub(crate) sections: &'static [(&'static str, &'static [&'static str])],
}

impl Messages {
    /// Returns the texts in the language of a locale.
    pub(crate) fn for_locale(locale: Locale) -> &'static Self {
        match locale {
            Locale::EnUs | Locale::EnGb => &en::MESSAGES,
            Locale::DeDe => &de::MESSAGES,
        }
    }

    /// Returns the texts of the pseudo-locale, which shows what is not in the catalogue.
    #[cfg(debug_assertions)]
    pub(crate) fn pseudo() -> &'static Self {
        &pseudo::MESSAGES
    }
}
