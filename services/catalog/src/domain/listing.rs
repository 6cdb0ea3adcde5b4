//! Filter, sort order and text of product lists and searches.

use super::ids::CategoryId;

/// Maximum length of a search text, in characters.
pub const MAX_QUERY_CHARS: usize = 200;

/// Selects the products of a list. The default selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only products of this category and its subcategories.
    pub category: Option<CategoryId>,
    /// Only active products.
    pub active_only: bool,
    /// Only products with available stock.
    pub in_stock: bool,
    /// Lowest price, inclusive.
    pub min_price_cents: Option<i64>,
    /// Highest price, inclusive.
    pub max_price_cents: Option<i64>,
}

/// Sort order of a list. The id breaks ties, so that pages neither repeat nor lose a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    Newest,
    /// Lowest price first.
    PriceAsc,
    /// Highest price first.
    PriceDesc,
    /// By name, in the order of the Unicode Collation Algorithm: case and accents matter only
    /// between names that are otherwise equal.
    Name,
}

/// Sort order of search results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchSort {
    /// Best match first.
    Relevance,
    /// The order of a list.
    By(Sort),
}

/// A search text: 1 to [`MAX_QUERY_CHARS`] characters, not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Normalizes a text ([`wire::normalize_query`]) and validates it. `None` if it is blank, too
    /// long, or contains control characters.
    pub fn new(text: &str) -> Option<Self> {
        let text = wire::normalize_query(text);
        let fits = (1..=MAX_QUERY_CHARS).contains(&text.chars().count());
        (fits && !text.contains(char::is_control)).then_some(Self(text))
    }

    /// The normalized text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A LIKE pattern that matches the text anywhere, with `%`, `_` and `\` escaped.
    #[must_use]
    pub fn like_pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.0.len() + 2);
        pattern.push('%');
        for c in self.0.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_pattern_escapes_wildcards() {
        let pattern = |text| SearchText::new(text).unwrap().like_pattern();
        assert_eq!(pattern("100%"), r"%100\%%");
        assert_eq!(pattern(r" a_b\ "), r"%a\_b\\%");
    }

    #[test]
    fn pasted_white_space_is_one_space() {
        let text = |text| SearchText::new(text).unwrap().as_str().to_owned();
        assert_eq!(text("\tlaptop\r\n  backpack\u{a0}\n"), "laptop backpack");
        assert_eq!(text("cre\u{300}me"), "crème");
    }

    #[test]
    fn search_text_has_one_to_two_hundred_characters() {
        assert_eq!(SearchText::new("  "), None);
        assert_eq!(SearchText::new("a\0b"), None);
        assert!(SearchText::new(&"ä".repeat(200)).is_some());
        assert_eq!(SearchText::new(&"ä".repeat(201)), None);
    }
}
