//! Validation of texts: length, characters and format.
//!
//! The catalog owns these rules and enforces them. The gateway validates them too, so that a client
//! gets all errors of a form in one response.

use std::ops::RangeInclusive;

use money::Currency;
use uuid::Uuid;

use super::Validator;

/// Length of a slug.
const SLUG_CHARS: RangeInclusive<usize> = 1..=120;
const IMAGE_URL_CHARS: RangeInclusive<usize> = 1..=2_048;

impl Validator {
    /// Validates a single line of text with a length, in characters, within `length`, and returns
    /// it in NFC, in which the services store it.
    pub(crate) fn line(
        &mut self,
        name: &str,
        text: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        self.exact_line(name, text.as_deref().map(wire::nfc), length)
    }

    /// Validates a single line that a program reads, such as a URL, and returns it unchanged.
    pub(crate) fn exact_line(
        &mut self,
        name: &str,
        text: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        // Surrounding white space is ignored, including line breaks.
        let text =
            self.reject_characters(name, text, |text| text.trim().contains(char::is_control))?;
        self.check_length(name, text, length)
    }

    /// Validates text of several lines with a length, in characters, within `length`, and returns
    /// it in NFC.
    pub(crate) fn text(
        &mut self,
        name: &str,
        text: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let is_forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        let text = text.as_deref().map(wire::nfc);
        let text = self.reject_characters(name, text, |text| text.contains(is_forbidden))?;
        self.check_length(name, text, length)
    }

    /// Validates a slug, the name of a resource in URLs.
    pub(crate) fn slug(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let slug = self.check_length(name, text?, SLUG_CHARS)?;
        if is_slug(&slug) && Uuid::try_parse(&slug).is_err() {
            return Some(slug);
        }
        let detail =
            "must be lower-case letters and digits joined by single hyphens, and not a UUID";
        self.fail(name, "invalid_slug", detail);
        None
    }

    /// Validates the URL of an image that a web page can show.
    pub(crate) fn image_url(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let url = self.exact_line(name, text, IMAGE_URL_CHARS)?;
        let address = url.trim_start();
        let rooted = address.starts_with('/') && !address.starts_with("//");
        if rooted || address.starts_with("https://") || address.starts_with("http://") {
            return Some(url);
        }
        self.fail(name, "invalid_url", "must begin with https://, http:// or a single /");
        None
    }

    /// Validates the code of a known currency.
    pub(crate) fn currency(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let currency = text?.parse::<Currency>().ok();
        if currency.is_none() {
            self.fail(name, "unknown_value", "must be a currency of ISO 4217, such as USD");
        }
        currency.map(|currency| currency.code().to_owned())
    }

    fn reject_characters(
        &mut self,
        name: &str,
        text: Option<String>,
        is_forbidden: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let text = text?;
        if is_forbidden(&text) {
            self.fail(name, "invalid", "must not contain control characters");
            return None;
        }
        Some(text)
    }

    fn check_length(
        &mut self,
        name: &str,
        text: String,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
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

/// Whether `text` is a valid slug: groups of lower-case letters and digits, joined by single
/// hyphens.
pub(crate) fn is_slug(text: &str) -> bool {
    let group = |group: &str| {
        !group.is_empty()
            && group.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    SLUG_CHARS.contains(&text.len()) && text.split('-').all(group)
}
