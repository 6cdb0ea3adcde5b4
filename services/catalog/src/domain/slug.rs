//! Slugs: the names of products and categories in addresses.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// The longest slug, in bytes.
pub const MAX_SLUG_BYTES: usize = 120;

/// Lower-case ASCII letters and digits in groups joined by single hyphens, and never a UUID: products
/// are looked up by id or slug in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

/// Why a text is no slug, as a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Characters, hyphens or length.
    #[error(
        "must be lower-case letters and digits joined by single hyphens, at most 120 characters"
    )]
    Malformed,
    /// Reads as a UUID.
    #[error("must not look like an id")]
    LooksLikeAnId,
}

impl Slug {
    /// The slug of a name: accents of Latin letters dropped, everything else that is no ASCII letter or
    /// digit a hyphen. A name of which nothing is left, or only an id, is told apart by its own `id`.
    pub fn of_name(name: &str, id: Uuid) -> Self {
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            match fold(c) {
                Some(letters) => slug.push_str(letters),
                None if c.is_ascii_alphanumeric() => slug.push(c),
                None if matches!(c, '\'' | '’') => {}
                None if slug.is_empty() || slug.ends_with('-') => {}
                None => slug.push('-'),
            }
        }
        // Only ASCII was pushed, so that any byte is a boundary.
        slug.truncate(MAX_SLUG_BYTES);
        let slug = slug.trim_end_matches('-');
        slug.parse()
            .unwrap_or_else(|_| Self(format!("item-{:012x}", id.as_u128() & 0xffff_ffff_ffff)))
    }

    /// A slug read back from the database, where only slugs are stored.
    pub(crate) fn stored(slug: String) -> Self {
        Self(slug)
    }

    /// The text.
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

/// Latin letters with accents, and ligatures, as ASCII.
fn fold(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ł' | 'ľ' | 'ļ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_abcd_ef01_2345);

    #[test]
    fn names_become_slugs() {
        for (name, slug) in [
            ("Wireless Headphones", "wireless-headphones"),
            ("  Cotton   T-Shirt! ", "cotton-t-shirt"),
            ("1984", "1984"),
            ("Crème brûlée für Ærø", "creme-brulee-fur-aero"),
            ("Levi's 501", "levis-501"),
            ("100% Wool — Grey", "100-wool-grey"),
            ("咖啡", "item-abcdef012345"),
            ("!!!", "item-abcdef012345"),
            ("0190a000-0000-7000-8000-abcdef012345", "item-abcdef012345"),
        ] {
            assert_eq!(Slug::of_name(name, ID).as_str(), slug, "{name}");
        }
    }

    #[test]
    fn what_is_no_slug_is_refused() {
        for text in ["", "-a", "a-", "a--b", "A", "a b", "ä", "a_b", "%", &"a".repeat(121)] {
            assert_eq!(text.parse::<Slug>(), Err(SlugError::Malformed), "{text}");
        }
        let id = "0190a000-0000-7000-8000-abcdef012345";
        assert_eq!(id.parse::<Slug>(), Err(SlugError::LooksLikeAnId));
    }

    proptest! {
        #[test]
        fn every_name_has_a_slug_that_parses(name in ".{0,300}") {
            let slug = Slug::of_name(&name, ID);
            prop_assert_eq!(slug.as_str().parse::<Slug>(), Ok(slug.clone()));
        }
    }
}
