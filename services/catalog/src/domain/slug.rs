//! Slugs: the names of products and categories in URLs.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use uuid::Uuid;

/// Maximum length of a slug, in bytes.
pub const MAX_SLUG_BYTES: usize = 120;

/// A slug: lower-case ASCII letters and digits in groups joined by single hyphens. Never a UUID,
/// because the same path parameter takes an id or a slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

/// Why a text is not a slug, as a message for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Invalid characters, hyphens or length.
    #[error(
        "must be lower-case letters and digits joined by single hyphens, at most 120 characters"
    )]
    Malformed,
    /// The text parses as a UUID.
    #[error("must not look like an id")]
    LooksLikeAnId,
}

impl Slug {
    /// Generates the slug of a name: characters are decomposed (NFKD) and lose their accents, and
    /// everything else that is not an ASCII letter or digit becomes a hyphen. Names that differ
    /// only in composition have the same slug. If nothing or only a UUID remains, the slug
    /// contains `id`.
    pub fn from_name(name: &str, id: Uuid) -> Self {
        let mut slug = String::new();
        // A trade mark is no part of a name; NFKD would make the letters "tm" of it.
        let letters = name.chars().map(|c| if matches!(c, '™' | '℠') { ' ' } else { c }).nfkd();
        let letters = letters.filter(|c| !is_combining_mark(*c));
        // Lower case comes last: that of a composed İ would be two characters.
        for c in letters.flat_map(char::to_lowercase) {
            match fold(c) {
                Some(letters) => slug.push_str(letters),
                None if c.is_ascii_alphanumeric() => slug.push(c),
                None if is_silent(c) => {}
                None if slug.is_empty() || slug.ends_with('-') => {}
                None => slug.push('-'),
            }
        }
        // Contains only ASCII, so every byte is a character boundary.
        slug.truncate(MAX_SLUG_BYTES);
        let slug = slug.trim_end_matches('-');
        slug.parse()
            .unwrap_or_else(|_| Self(format!("item-{:012x}", id.as_u128() & 0xffff_ffff_ffff)))
    }

    /// A slug from the database, which stores only valid ones.
    pub(crate) fn from_stored(slug: String) -> Self {
        Self(slug)
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let group = |g: &str| {
            !g.is_empty() && g.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.len() > MAX_SLUG_BYTES || !text.split('-').all(group) {
            return Err(SlugError::Malformed);
        }
        if Uuid::try_parse(text).is_ok() {
            return Err(SlugError::LooksLikeAnId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces Latin letters that have no decomposition by ASCII.
fn fold(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'đ' | 'ð' => "d",
        'ə' => "e",
        'ƒ' => "f",
        'ħ' => "h",
        'ı' => "i",
        'ĸ' => "k",
        'ł' => "l",
        'ŋ' => "ng",
        'ø' => "o",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ŧ' => "t",
        _ => return None,
    })
}

/// Whether a character within a word does not separate its letters: apostrophes, and invisible
/// characters that text processors insert (soft hyphen, zero-width characters, direction marks).
fn is_silent(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_abcd_ef01_2345);

    #[test]
    fn slug_is_generated_from_name() {
        for (name, slug) in [
            ("Wireless Headphones", "wireless-headphones"),
            ("  Cotton   T-Shirt! ", "cotton-t-shirt"),
            ("1984", "1984"),
            ("Crème brûlée für Ærø", "creme-brulee-fur-aero"),
            ("İstanbul Kilim", "istanbul-kilim"),
            ("ISPARTA ışık", "isparta-isik"),
            ("Łódź Ðóra Ŋuŧ ẞ Ĳssel", "lodz-dora-ngut-ss-ijssel"),
            ("Việt Nam Phở", "viet-nam-pho"),
            ("Ångström ½ № ﬁn", "angstrom-1-2-no-fin"),
            ("Legend™ Kopf\u{ad}hörer\u{200b}", "legend-kopfhorer"),
            ("Levi's 501", "levis-501"),
            ("100% Wool — Grey", "100-wool-grey"),
            ("咖啡", "item-abcdef012345"),
            ("!!!", "item-abcdef012345"),
            ("0190a000-0000-7000-8000-abcdef012345", "item-abcdef012345"),
        ] {
            assert_eq!(Slug::from_name(name, ID).as_str(), slug, "{name}");
        }
    }

    #[test]
    fn long_slug_is_cut_without_a_trailing_hyphen() {
        let word = "a".repeat(MAX_SLUG_BYTES - 1);
        let slug = Slug::from_name(&format!("{word} lamp"), ID);
        assert_eq!(slug.as_str(), word);
    }

    #[test]
    fn composed_and_decomposed_names_have_the_same_slug() {
        for name in ["Crème Brûlée", "İstanbul Kilim", "Ça va", "Ångström", "Phở", "Žluťoučký kůň"]
        {
            let [composed, decomposed] = [name.nfc().collect(), name.nfd().collect::<String>()];
            let composed: String = composed;
            assert_ne!(composed, decomposed);
            let slug = Slug::from_name(&composed, ID);
            assert_eq!(slug, Slug::from_name(&decomposed, ID), "{name}");
            assert!(!slug.as_str().starts_with("item-"));
        }
    }

    #[test]
    fn invalid_slug_is_refused() {
        for text in ["", "-a", "a-", "a--b", "A", "a b", "ä", "a_b", "%", &"a".repeat(121)] {
            assert_eq!(text.parse::<Slug>(), Err(SlugError::Malformed), "{text}");
        }
        let id = "0190a000-0000-7000-8000-abcdef012345";
        assert_eq!(id.parse::<Slug>(), Err(SlugError::LooksLikeAnId));
    }

    proptest! {
        #[test]
        fn generated_slug_does_not_depend_on_composition(name in ".{0,100}") {
            let [nfc, nfd] = [name.nfc().collect::<String>(), name.nfd().collect()];
            prop_assert_eq!(Slug::from_name(&nfc, ID), Slug::from_name(&nfd, ID));
        }

        #[test]
        fn generated_slug_always_parses(name in ".{0,300}") {
            let slug = Slug::from_name(&name, ID);
            prop_assert_eq!(slug.as_str().parse::<Slug>(), Ok(slug.clone()));
        }
    }
}
