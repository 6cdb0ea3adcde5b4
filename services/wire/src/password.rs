//! Normalization of passwords.

use unicode_normalization::UnicodeNormalization as _;

/// Returns the normal form of a password: every space is U+0020, and characters are composed (NFC).
///
/// The same password typed on another keyboard or system is often another sequence of code points.
/// These are the mapping rules of the profile `OpaqueString` (RFC 8265, section 4.2); its rule on
/// characters, of which new passwords must not contain control characters, is part of the
/// validation. Case and all other differences stay.
#[must_use]
pub fn normalize_password(text: &str) -> String {
    text.chars().map(|c| if is_space(c) { ' ' } else { c }).nfc().collect()
}

/// Returns whether the character is a space (general category Zs).
fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_composed_and_spaces_mapped() {
        for (text, normal) in [
            ("cre\u{300}me bru\u{302}le\u{301}e", "crème brûlée"),
            ("crème brûlée", "crème brûlée"),
            ("\u{212b}ngstro\u{308}m", "Ångström"),
            ("a\u{a0}b\u{3000}c\u{2003}d", "a b c d"),
            ("  Correct Horse  ", "  Correct Horse  "),
            // NFC does not change compatibility characters, as NFKC would.
            ("ﬁle²", "ﬁle²"),
            ("", ""),
        ] {
            assert_eq!(normalize_password(text), normal);
            assert_eq!(normalize_password(normal), normal, "idempotent");
        }
    }
}
