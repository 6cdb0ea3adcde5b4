//! The quantity in a form.

/// Maximum number of units of a product in a cart.
const MAX_QUANTITY: u32 = 99;

/// Parses a quantity from 1 to 99; `None` if it is another one, or no number.
pub(super) fn parse_quantity(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantity_is_a_whole_number_up_to_99() {
        for (text, quantity) in [("1", 1), (" 7 ", 7), ("99", 99)] {
            assert_eq!(parse_quantity(text), Some(quantity), "{text}");
        }
        for text in ["", " ", "0", "100", "-1", "1.5", "1,5", "abc", "<b>", "4294967296", "٣"] {
            assert_eq!(parse_quantity(text), None, "{text}");
        }
    }
}
