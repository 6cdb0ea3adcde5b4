//! Texts: their length, their characters, and what they stand for.
//!
//! The rules are the catalog's, which has the last word. They are checked here too, so that a form
//! is told of all that is wrong with it at once and not in two turns.

use std::ops::RangeInclusive;

use money::Currency;
use uuid::Uuid;

use super::Check;

/// Of the names of things in addresses.
const SLUG_CHARS: RangeInclusive<usize> = 1..=120;
const IMAGE_URL_CHARS: RangeInclusive<usize> = 1..=2_048;

impl Check {
    /// A line of text with a length (in characters) within `length`.
    pub(crate) fn line(
        &mut self,
        name: &str,
        text: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        // Blanks around it, also such as end a line, do not count.
        let text = self.without(name, text, |text| text.trim().contains(char::is_control))?;
        self.sized(name, text, length)
    }

    /// A text of several lines with a length (in characters) within `length`.
    pub(crate) fn text(
        &mut self,
        name: &str,
        text: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let unfit = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        let text = self.without(name, text, |text| text.contains(unfit))?;
        self.sized(name, text, length)
    }

    /// The name of something in addresses.
    pub(crate) fn slug(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let slug = self.sized(name, text?, SLUG_CHARS)?;
        if is_slug(&slug) && Uuid::try_parse(&slug).is_err() {
            return Some(slug);
        }
        let detail = "must be lower-case letters and digits joined by single hyphens, and no id";
        self.fail(name, "invalid_slug", detail);
        None
    }

    /// The address of a picture that a page can show.
    pub(crate) fn image_url(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let url = self.line(name, text, IMAGE_URL_CHARS)?;
        let address = url.trim_start();
        let rooted = address.starts_with('/') && !address.starts_with("//");
        if rooted || address.starts_with("https://") || address.starts_with("http://") {
            return Some(url);
        }
        self.fail(name, "invalid_url", "must begin with https://, http:// or a single /");
        None
    }

    /// The code of a currency that there is.
    pub(crate) fn currency(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let currency = text?.parse::<Currency>().ok();
        if currency.is_none() {
            self.fail(name, "unknown_value", "must be a currency of ISO 4217, such as USD");
        }
        currency.map(|currency| currency.code().to_owned())
    }

    fn without(
        &mut self,
        name: &str,
        text: Option<String>,
        unfit: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let text = text?;
        if unfit(&text) {
            self.fail(name, "invalid", "must not contain control characters");
            return None;
        }
        Some(text)
    }

    fn sized(&mut self, name: &str, text: String, length: RangeInclusive<usize>) -> Option<String> {
        let count = text.chars().count();
        if count > *length.end() {
            let detail = format!("must have at most {} characters", length.end());
            self.fail(name, "too_long", detail);
        } else if count < *length.start() || (*length.start() > 0 && text.trim().is_empty()) {
            self.fail(name, "too_short", "must not be blank");
        } else {
            return Some(text);
        }
        None
    }
}

/// Whether something can have this name in addresses: groups of small letters and digits, joined by
/// single hyphens.
pub(crate) fn is_slug(text: &str) -> bool {
    let group = |group: &str| {
        !group.is_empty()
            && group.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    SLUG_CHARS.contains(&text.len()) && text.split('-').all(group)
}
