//! A list of products with its filters, as three pages show it.

use super::ProductCard;
use super::category_tree::CategoryTree;
use super::listing_filter::{ListingFilter, Sort, shown_price};
use crate::format::pagination::{PageLink, page_links};
use crate::gateway_client::{Category, ProductList};
use crate::messages::Messages;
use crate::page::Page;

/// A list of products. `templates/components/listing.html` renders it.
pub(crate) struct Listing {
    /// Path to which the filter form leads.
    pub(crate) action: String,
    /// The search text of the form; empty without search.
    pub(crate) search_text: String,
    /// The category of the form; empty without one.
    pub(crate) category: String,
    pub(crate) cards: Vec<ProductCard>,
    pub(crate) count: String,
    pub(crate) sorts: Vec<SortChoice>,
    pub(crate) categories: Vec<CategoryChoice>,
    pub(crate) min_price: String,
    pub(crate) max_price: String,
    pub(crate) has_invalid_price: bool,
    pub(crate) is_in_stock: bool,
    pub(crate) is_restricted: bool,
    pub(crate) clear_href: String,
    pub(crate) pages: Vec<PageChoice>,
    pub(crate) previous_href: Option<String>,
    pub(crate) next_href: Option<String>,
    pub(crate) currency: &'static str,
}

/// An order of the list.
pub(crate) struct SortChoice {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    pub(crate) is_selected: bool,
}

/// A category to which the list can be restricted.
pub(crate) struct CategoryChoice {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) count: String,
    pub(crate) is_current: bool,
    /// Whether the category is below another one of the list.
    pub(crate) is_nested: bool,
}

/// A link to a page, or a gap.
pub(crate) struct PageChoice {
    /// Number of the page; empty for a gap.
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) is_current: bool,
    pub(crate) is_gap: bool,
}

impl Listing {
    /// Creates the list of a page of products.
    pub(crate) fn new(
        page: &Page,
        filter: &ListingFilter,
        list: &ProductList,
        tree: &CategoryTree,
        categories: Vec<CategoryChoice>,
    ) -> Self {
        let m = page.messages();
        let currency = page.shop().currency;
        let (min_price, max_price) = &filter.entered_prices;
        let (current, total) = (list.pagination.page, list.pagination.total_pages);
        let link = |number: u32| filter.with_page(number).url();
        let count = i64::try_from(list.pagination.total_count).unwrap_or(i64::MAX);
        Self {
            action: filter.path.clone(),
            search_text: filter.text.clone().unwrap_or_default(),
            category: filter.category.clone().unwrap_or_default(),
            cards: ProductCard::list(&list.products, tree, page.format(), m),
            count: (m.catalog.products)(count),
            sorts: sorts(filter, m),
            categories,
            min_price: shown_price(min_price, currency),
            max_price: shown_price(max_price, currency),
            has_invalid_price: filter.has_invalid_price,
            is_in_stock: filter.is_in_stock,
            is_restricted: filter.is_restricted() || filter.has_invalid_price,
            clear_href: filter.without_restrictions().url(),
            pages: page_links(current, total)
                .into_iter()
                .map(|page| page_choice(page, link))
                .collect(),
            previous_href: (current > 1 && total > 0).then(|| link(current.min(total + 1) - 1)),
            next_href: (current < total).then(|| link(current + 1)),
            currency: currency.code(),
        }
    }

    /// Whether nothing matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// Whether there is more than one page.
    pub(crate) fn has_pages(&self) -> bool {
        self.pages.len() > 1
    }
}

fn sorts(filter: &ListingFilter, m: &Messages) -> Vec<SortChoice> {
    let offered = Sort::ALL.into_iter().filter(|sort| match sort {
        Sort::Relevance => filter.text.is_some(),
        _ => true,
    });
    let choice = |sort: Sort| SortChoice {
        value: sort.name(),
        label: match sort {
            Sort::Relevance => m.catalog.sort_relevance,
            Sort::Newest => m.catalog.sort_newest,
            Sort::PriceAscending => m.catalog.sort_price_asc,
            Sort::PriceDescending => m.catalog.sort_price_desc,
            Sort::Name => m.catalog.sort_name,
        },
        is_selected: sort == filter.sort,
    };
    offered.map(choice).collect()
}

fn page_choice(link: PageLink, url: impl Fn(u32) -> String) -> PageChoice {
    let (number, is_current) = match link {
        PageLink::Gap => {
            let label = String::new();
            return PageChoice { label, href: String::new(), is_current: false, is_gap: true };
        }
        PageLink::Current(number) => (number, true),
        PageLink::Page(number) => (number, false),
    };
    PageChoice { label: number.to_string(), href: url(number), is_current, is_gap: false }
}

/// Returns the links to the pages of all categories: the top level, and what is below the current
/// category or beside it.
pub(crate) fn category_links(
    tree: &CategoryTree,
    current: Option<&Category>,
) -> Vec<CategoryChoice> {
    let open = current.map(|category| tree.path(category.id)).unwrap_or_default();
    let mut links = Vec::new();
    for category in tree.children(None) {
        links.push(category_link(category, current, false));
        if open.first().is_some_and(|top| top.id == category.id) {
            let children = tree.children(Some(category.id));
            links.extend(children.map(|child| category_link(child, current, true)));
        }
    }
    links
}

fn category_link(
    category: &Category,
    current: Option<&Category>,
    is_nested: bool,
) -> CategoryChoice {
    CategoryChoice {
        name: category.name.clone(),
        href: format!("/categories/{}", category.slug),
        count: category.product_count.to_string(),
        is_current: current.is_some_and(|current| current.id == category.id),
        is_nested,
    }
}
