//! The links of a paginated list.

/// A position in the row of page links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageLink {
    /// The page that is shown.
    Current(u32),
    /// Another page.
    Page(u32),
    /// Pages that are left out.
    Gap,
}

/// Returns the links of page `current` of `total`: the first and the last page, and the neighbors
/// of the current one. A gap stands for at least two pages.
pub(crate) fn page_links(current: u32, total: u32) -> Vec<PageLink> {
    let mut links = Vec::new();
    let mut last = 0;
    for page in 1..=total {
        let is_near = page.abs_diff(current) <= 1;
        let is_end = page == 1 || page == total;
        let fills_gap = page == 2 && current <= 4 || page + 1 == total && current + 3 >= total;
        if !(is_near || is_end || fills_gap) {
            continue;
        }
        if page > last + 1 {
            links.push(PageLink::Gap);
        }
        links.push(match page == current {
            true => PageLink::Current(page),
            false => PageLink::Page(page),
        });
        last = page;
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(current: u32, total: u32) -> String {
        let links = page_links(current, total).into_iter().map(|link| match link {
            PageLink::Current(page) => format!("[{page}]"),
            PageLink::Page(page) => page.to_string(),
            PageLink::Gap => "…".to_owned(),
        });
        links.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn links_show_the_ends_and_the_neighbors() {
        for (current, total, links) in [
            (1, 0, ""),
            (1, 1, "[1]"),
            (1, 3, "[1] 2 3"),
            (1, 9, "[1] 2 … 9"),
            (4, 9, "1 2 3 [4] 5 … 9"),
            (5, 9, "1 … 4 [5] 6 … 9"),
            (6, 9, "1 … 5 [6] 7 8 9"),
            (9, 9, "1 … 8 [9]"),
        ] {
            assert_eq!(text(current, total), links, "{current} of {total}");
        }
    }
}
