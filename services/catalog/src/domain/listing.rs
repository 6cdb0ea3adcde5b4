//! What is listed: filter, order, search.

use super::ids::CategoryId;

/// The longest search, in characters.
pub const MAX_QUERY_CHARS: usize = 200;

/// Which products a list holds. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only products of this category and of those below it.
    pub category: Option<CategoryId>,
    /// Only active products.
    pub active_only: bool,
    /// Only products of which one can be bought now.
    pub in_stock: bool,
    /// Lowest price, inclusive.
    pub min_price_cents: Option<i64>,
    /// Highest price, inclusive.
    pub max_price_cents: Option<i64>,
}

/// The order of a list. The id is always the tie-break, so that pages neither repeat nor lose a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Youngest first.
    Newest,
    /// Cheapest first.
    PriceAsc,
    /// Dearest first.
    PriceDesc,
    /// By name, whatever its case.
    Name,
}

/// The order of what a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchSort {
    /// Best match first.
    Relevance,
    /// As a list.
    By(Sort),
}

/// What is searched for: 1 to [`MAX_QUERY_CHARS`] characters, not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// `None` when the text is blank, too long, or holds control characters.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=MAX_QUERY_CHARS).contains(&text.chars().count());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The text, without surrounding blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A LIKE pattern that finds the text anywhere and takes its `%`, `_` and `\` literally.
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
    fn wildcards_are_literal() {
        let pattern = |text| SearchText::new(text).unwrap().like_pattern();
        assert_eq!(pattern("100%"), r"%100\%%");
        assert_eq!(pattern(r" a_b\ "), r"%a\_b\\%");
    }

    #[test]
    fn a_search_needs_one_to_two_hundred_characters() {
        assert_eq!(SearchText::new("  "), None);
        assert_eq!(SearchText::new("a\0b"), None);
        assert!(SearchText::new(&"ä".repeat(200)).is_some());
        assert_eq!(SearchText::new(&"ä".repeat(201)), None);
    }
}
