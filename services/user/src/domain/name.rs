//! Names of persons.

use unicode_normalization::UnicodeNormalization as _;

/// Returns whether a text looks like a link. Mail programs turn such text into links, so that a
/// stranger could advertise with the shop's mails: it has a scheme or a port, begins with `www.`,
/// `//` or `\\`, is an IPv4 address, or has a dot between a label and a word of two letters or more
/// each, as in `example.com`. `J.R.R. Tolkien`, `J.Smith` and `St. John` are names.
///
/// Invisible characters and other forms of a character, such as a one-dot leader, are no disguise.
#[must_use]
pub fn looks_like_link(text: &str) -> bool {
    let visible: String = text.nfkc().filter(|c| !is_invisible(*c)).collect();
    let lower = visible.to_lowercase();
    ["//", "www.", "\\\\"].iter().any(|part| lower.contains(part))
        || has_scheme_or_port(&lower)
        || has_host_name(&lower)
        || has_ipv4_address(&lower)
}

fn has_scheme_or_port(text: &str) -> bool {
    text.match_indices(':').any(|(at, _)| {
        text[..at].ends_with(char::is_alphanumeric)
            && text[at + 1..].starts_with(char::is_alphanumeric)
    })
}

fn has_host_name(text: &str) -> bool {
    let labels: Vec<&str> = text.split(['.', '\u{3002}']).collect();
    labels.windows(2).any(|pair| {
        let in_label = |c: &char| c.is_alphanumeric() || *c == '-';
        let label = pair[0].chars().rev().take_while(in_label).count();
        let word = pair[1].chars().take_while(|c| c.is_alphabetic()).count();
        label >= 2 && word >= 2
    })
}

fn has_ipv4_address(text: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_number = |part: &str| !part.is_empty() && part.chars().all(is_digit);
    let parts: Vec<&str> = text.split(['.', '\u{3002}']).collect();
    parts.windows(4).any(|parts| {
        parts[0].ends_with(is_digit)
            && is_number(parts[1])
            && is_number(parts[2])
            && parts[3].starts_with(is_digit)
    })
}

/// Whether a character takes no space and has no glyph: soft hyphen, joiners, marks and overrides
/// of the writing direction.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_is_recognized_and_name_is_not() {
        for link in [
            "example.com",
            "Win at EXAMPLE.COM now",
            "https://example",
            "www.example",
            "evil。com",
            "a.b.example.org/path",
            "10.example.xn--p1ai",
            "evil\u{200b}.com",
            "evil.c\u{2060}om",
            "evil\u{2024}com",
            "evil\u{ff61}com",
            "1.2.3.4",
            "see 10.0.0.1/x",
            "//evil",
            "mailto:x",
            "evil:8080",
            "\\\\evil\\share",
        ] {
            assert!(looks_like_link(link), "{link}");
        }
        for name in [
            "",
            "Ada",
            "J.R.R. Tolkien",
            "J.R.R.",
            "J.Smith",
            "A.Müller",
            "St. John",
            "Jr.",
            "Ph.D",
            "O'Neil-Smith",
            "李",
            "Dr. h. c. Müller",
            "3.5",
            "1.2.3",
            "Ada: Lovelace",
        ] {
            assert!(!looks_like_link(name), "{name}");
        }
    }
}
