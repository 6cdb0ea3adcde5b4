//! Names of persons.

/// Returns whether a text looks like a link. Mail programs turn such text into links, so that a
/// stranger could advertise with the shop's mails: it has a scheme, begins with `www.`, or has a
/// dot between a label and a word of two letters or more each, as in `example.com`.
/// `J.R.R. Tolkien`, `J.Smith` and `St. John` are names.
#[must_use]
pub fn looks_like_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    if lower.contains("://") || lower.contains("www.") {
        return true;
    }
    let dot = |c: char| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let labels: Vec<&str> = text.split(dot).collect();
    labels.windows(2).any(|pair| {
        let in_label = |c: &char| c.is_alphanumeric() || *c == '-';
        let label = pair[0].chars().rev().take_while(in_label).count();
        let word = pair[1].chars().take_while(|c| c.is_alphabetic()).count();
        label >= 2 && word >= 2
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
            "10.example.xn--p1ai",
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
        ] {
            assert!(!looks_like_link(name), "{name}");
        }
    }
}
