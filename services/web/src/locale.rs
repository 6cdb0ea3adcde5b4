//! The locale of a shop: the language of its pages, and how they write amounts and dates.

use clap::ValueEnum;

/// A supported locale. A shop has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Locale {
    /// American English.
    #[value(name = "en-US")]
    EnUs,
    /// British English.
    #[value(name = "en-GB")]
    EnGb,
    /// German.
    #[value(name = "de-DE")]
    DeDe,
}

impl Locale {
    /// The language tag (BCP 47), as in the `lang` attribute of a page.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
            Self::EnGb => "en-GB",
            Self::DeDe => "de-DE",
        }
    }
}
