//! A bound of the number of values in a body, which limits the memory that parsing needs: a short
//! text may be a large tree.

/// Maximum number of values and keys in a body. The largest valid body, a product with all its
/// images, has fewer than a hundred.
const MAX_VALUES: usize = 500;

/// Whether a JSON text has too many values. Every value and key but the first follows one of
/// `[`, `{`, `,` and `:` outside of a string.
pub(super) fn has_too_many_values(json: &[u8]) -> bool {
    let (mut values, mut in_string, mut is_escaped) = (1_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' | b',' | b':' if !in_string => values += 1,
            _ => {}
        }
    }
    values > MAX_VALUES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        let list = |count: usize| format!("[{}0]", "0,".repeat(count));
        assert!(!has_too_many_values(list(MAX_VALUES - 2).as_bytes()));
        assert!(has_too_many_values(list(MAX_VALUES).as_bytes()));
        assert!(has_too_many_values("[{\"\":0},".repeat(MAX_VALUES / 4 + 1).as_bytes()));
        let text = format!(r#"{{"text":"{}\"{}"}}"#, ",".repeat(5_000), "[".repeat(5_000));
        assert!(!has_too_many_values(text.as_bytes()));
    }
}
