//! Names of persons.

/// Returns whether a text looks like a link. Mail programs turn such text into links, so that a
/// stranger could advertise with the shop's mails: it has a scheme, begins with `www.`, or has a
/// dot between a letter or digit and a word of two letters or more, as in `example.com`.
/// `J.R.R. Tolkien` and `St. John` are names.
#[must_use]
pub fn looks_like_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    if lower.contains("://") || lower.contains("www.") {
        return true;
    }
    let dot = |c: char| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let labels: Vec<&str> = text.split(dot).collect();
    labels.windows(2).any(|pair| {
        let before = pair[0].chars().next_back().is_some_and(char::is_alphanumeric);
        let word = pair[1].chars().take_while(|c| c.is_alphabetic()).count();
        before && word >= 2
    })
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
            "1.example.xn--p1ai",
        ] {
            assert!(looks_like_link(link), "{link}");
        }
        for name in [
            "",
            "Ada",
            "J.R.R. Tolkien",
            "J.R.R.",
            "St. John",
            "Jr.",
            "Ph.D",
            "O'Neil-Smith",
            "李",
            "Dr. h. c. Müller",
            "3.5",
        ] {
            assert!(!looks_like_link(name), "{name}");
        }
    }
}
