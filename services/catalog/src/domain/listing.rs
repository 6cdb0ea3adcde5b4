//! What is listed: page, filter, order, search.

use super::ids::CategoryId;

/// The size of a page when none is asked for.
pub const DEFAULT_PAGE_SIZE: i32 = 20;
/// The largest page.
pub const MAX_PAGE_SIZE: i32 = 100;
/// The longest search, in characters.
pub const MAX_QUERY_CHARS: usize = 200;

/// One page of a list: `number` counts from 1, `size` is 1 to [`MAX_PAGE_SIZE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: i32,
    size: i32,
}

/// Which part of a page request is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// Below 1.
    Number,
    /// Not 1 to [`MAX_PAGE_SIZE`].
    Size,
}

impl Page {
    /// The page asked for; 0 means that nothing was said.
    pub fn new(number: i32, size: i32) -> Result<Self, Vec<PageError>> {
        let number = if number == 0 { 1 } else { number };
        let size = if size == 0 { DEFAULT_PAGE_SIZE } else { size };
        let mut errors = Vec::new();
        if number < 1 {
            errors.push(PageError::Number);
        }
        if !(1..=MAX_PAGE_SIZE).contains(&size) {
            errors.push(PageError::Size);
        }
        if errors.is_empty() { Ok(Self { number, size }) } else { Err(errors) }
    }

    /// From 1.
    pub fn number(self) -> i32 {
        self.number
    }

    /// 1 to [`MAX_PAGE_SIZE`].
    pub fn size(self) -> i32 {
        self.size
    }

    /// How many items lie before the page.
    pub fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
    }

    /// How many pages `total` items make.
    pub fn pages(self, total: i64) -> i32 {
        let size = i64::from(self.size);
        i32::try_from((total + size - 1) / size).unwrap_or(i32::MAX)
    }
}

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
    fn nothing_asked_for_is_the_first_page_of_twenty() {
        let page = Page::new(0, 0).unwrap();
        assert_eq!((page.number(), page.size(), page.offset()), (1, 20, 0));
    }

    #[test]
    fn numbers_out_of_range_are_all_reported() {
        assert_eq!(Page::new(-1, 101), Err(vec![PageError::Number, PageError::Size]));
        assert_eq!(Page::new(1, -1), Err(vec![PageError::Size]));
        assert_eq!(Page::new(i32::MIN, 1), Err(vec![PageError::Number]));
    }

    #[test]
    fn the_last_possible_page_does_not_overflow() {
        let page = Page::new(i32::MAX, 100).unwrap();
        assert_eq!(page.offset(), (i64::from(i32::MAX) - 1) * 100);
    }

    #[test]
    fn pages_are_counted_up() {
        let page = Page::new(1, 20).unwrap();
        for (total, pages) in [(0, 0), (1, 1), (20, 1), (21, 2), (40, 2)] {
            assert_eq!(page.pages(total), pages, "{total}");
        }
    }

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
