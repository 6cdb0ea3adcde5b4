//! Normalization of texts.

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Returns the text in Unicode Normalization Form C. Keyboards and operating systems write `é` as
/// one character or as two; texts are stored in one form, so that equal texts are equal.
#[must_use]
pub fn nfc(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

/// Returns a search text in NFC with one space in the place of each run of white space, and none at
/// its ends: pasted text often contains tabs and line breaks.
#[must_use]
pub fn normalize_query(text: &str) -> String {
    nfc(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nfc_composes_and_keeps_composed_text() {
        for (text, composed) in [
            ("", ""),
            ("lamp", "lamp"),
            ("Crème", "Crème"),
            ("Cre\u{300}me", "Crème"),
            ("\u{212b}", "Å"), // the sign of the unit is the letter
            ("ﬁn", "ﬁn"),      // NFC keeps compatibility characters
        ] {
            assert_eq!(nfc(text), composed, "{text}");
        }
    }

    #[test]
    fn query_has_single_spaces_and_keeps_control_characters() {
        assert_eq!(normalize_query(" a\tb \r\n c\u{a0}\u{3000}d\u{85}"), "a b c d");
        assert_eq!(normalize_query("\n\t"), "");
        assert_eq!(normalize_query("a\0b"), "a\0b");
    }
}
