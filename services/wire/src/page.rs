//! Pagination of lists.

/// The default page size.
pub const DEFAULT_PAGE_SIZE: i32 = 20;
/// The maximum page size.
pub const MAX_PAGE_SIZE: i32 = 100;

/// A page of a list: `number` counts from 1, `size` is 1 to [`MAX_PAGE_SIZE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: i32,
    size: i32,
}

/// The part of a page request that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// The number is below 1.
    Number,
    /// The size is not 1 to [`MAX_PAGE_SIZE`].
    Size,
}

impl Page {
    /// Validates a page request; 0 means the default.
    ///
    /// # Errors
    /// Fails with all invalid fields.
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

    /// The number of the page, from 1.
    #[must_use]
    pub fn number(self) -> i32 {
        self.number
    }

    /// The size of the page, 1 to [`MAX_PAGE_SIZE`].
    #[must_use]
    pub fn size(self) -> i32 {
        self.size
    }

    /// The number of items before the page.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
    }

    /// The number of pages of `total` items.
    #[must_use]
    pub fn pages(self, total: i64) -> i32 {
        let size = i64::from(self.size);
        i32::try_from((total + size - 1) / size).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_the_first_page_of_the_default_size() {
        let page = Page::new(0, 0).unwrap();
        assert_eq!((page.number(), page.size(), page.offset()), (1, 20, 0));
    }

    #[test]
    fn all_numbers_out_of_range_are_reported() {
        assert_eq!(Page::new(-1, 101), Err(vec![PageError::Number, PageError::Size]));
        assert_eq!(Page::new(1, -1), Err(vec![PageError::Size]));
        assert_eq!(Page::new(i32::MIN, 1), Err(vec![PageError::Number]));
    }

    #[test]
    fn offset_of_the_last_page_does_not_overflow() {
        let page = Page::new(i32::MAX, 100).unwrap();
        assert_eq!(page.offset(), (i64::from(i32::MAX) - 1) * 100);
    }

    #[test]
    fn number_of_pages_is_rounded_up() {
        let page = Page::new(1, 20).unwrap();
        for (total, pages) in [(0, 0), (1, 1), (20, 1), (21, 2), (40, 2)] {
            assert_eq!(page.pages(total), pages, "{total}");
        }
    }
}
