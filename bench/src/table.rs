//! Tables, as Markdown.

use std::fmt::Write as _;

/// A table with `head`, and with numbers from the second column on.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    line(&mut text, head.iter().copied());
    let rule = (0..head.len()).map(|column| if column == 0 { "---" } else { "---:" });
    text.push('|');
    rule.for_each(|cell| {
        text.push_str(cell);
        text.push('|');
    });
    text.push('\n');
    rows.iter().for_each(|row| line(&mut text, row.iter().map(String::as_str)));
    text
}

fn line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    text.push('|');
    for cell in cells {
        // Writing to a String cannot fail.
        let _written = write!(text, " {cell} |");
    }
    text.push('\n');
}

/// A number with as many digits as it is worth: none behind the point from 100 on.
pub(crate) fn number(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_head_a_rule_and_rows() {
        let rows = [vec!["a".to_owned(), "1".to_owned()]];
        assert_eq!(
            table(&["what", "how many"], &rows),
            "| what | how many |\n|---|---:|\n| a | 1 |\n"
        );
    }

    #[test]
    fn numbers_have_three_digits_or_all_that_are_whole() {
        let written = [0.0, 0.514, 9.99, 12.34, 99.94, 123.6, 12345.6].map(number);
        assert_eq!(written, ["0.00", "0.51", "9.99", "12.3", "99.9", "124", "12346"]);
    }
}
