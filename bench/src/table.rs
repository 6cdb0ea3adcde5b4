//! Markdown tables.

use std::fmt::Write as _;

/// Renders a table whose first column is text, and whose other columns are right-aligned numbers.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    line(&mut text, header.iter().copied());
    let separator = (0..header.len()).map(|column| if column == 0 { "---" } else { "---:" });
    text.push('|');
    separator.for_each(|cell| {
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
        let _result = write!(text, " {cell} |");
    }
    text.push('\n');
}

/// Formats a number with about three significant digits, and without decimals from 100 on.
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
    fn table_has_a_header_a_separator_and_rows() {
        let rows = [vec!["a".to_owned(), "1".to_owned()]];
        assert_eq!(
            table(&["what", "how many"], &rows),
            "| what | how many |\n|---|---:|\n| a | 1 |\n"
        );
    }

    #[test]
    fn number_has_three_digits_or_all_whole_ones() {
        let formatted = [0.0, 0.514, 9.99, 12.34, 99.94, 123.6, 12345.6].map(number);
        assert_eq!(formatted, ["0.00", "0.51", "9.99", "12.3", "99.9", "124", "12346"]);
    }
}
