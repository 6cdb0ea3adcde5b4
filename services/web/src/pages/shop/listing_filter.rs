//! The filter of a list of products: read from the URL, and written to URLs.

use money::Currency;
use serde::Deserialize;
use uuid::Uuid;

use crate::format::money::{for_input, parse};
use crate::gateway_client::ProductQuery;

/// Products of a page: divisible by 2, 3 and 4, the columns of the grid.
const PAGE_SIZE: u32 = 24;

/// Maximum length of a search text, as the gateway accepts it.
const MAX_SEARCH_CHARS: usize = 200;

/// Query of a list, as browsers send it. Every text is accepted; invalid ones have no effect.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListingParams {
    q: String,
    category: String,
    min_price: String,
    max_price: String,
    in_stock: String,
    sort: String,
    page: String,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Relevance,
    Newest,
    PriceAscending,
    PriceDescending,
    Name,
}

impl Sort {
    /// The orders of a list; of search results with [`Sort::Relevance`] before them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Relevance, Self::Newest, Self::PriceAscending, Self::PriceDescending, Self::Name];

    /// The name in URLs and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Newest => "newest",
            Self::PriceAscending => "price_asc",
            Self::PriceDescending => "price_desc",
            Self::Name => "name",
        }
    }
}

/// A valid filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListingFilter {
    /// Path of the list.
    pub(crate) path: String,
    /// The search text; `None` for a list without search.
    pub(crate) text: Option<String>,
    /// Slug of the category within search results.
    pub(crate) category: Option<String>,
    pub(crate) min_price_cents: Option<i64>,
    pub(crate) max_price_cents: Option<i64>,
    pub(crate) is_in_stock: bool,
    pub(crate) sort: Sort,
    pub(crate) page: u32,
    /// Whether a price was entered that is none, or a minimum above the maximum.
    pub(crate) has_invalid_price: bool,
    /// The prices as they were entered.
    pub(crate) entered_prices: (String, String),
}

impl ListingFilter {
    /// Reads the filter of the list at `path`.
    pub(crate) fn new(path: &str, params: ListingParams, currency: Currency) -> Self {
        let is_search = path == "/search";
        let default_sort = if is_search { Sort::Relevance } else { Sort::Newest };
        let is_offered = |sort: &Sort| is_search || *sort != Sort::Relevance;
        let sort = Sort::ALL.into_iter().filter(is_offered).find(|sort| sort.name() == params.sort);
        let price = |text: &str| match text.trim() {
            "" => Ok(None),
            text => parse(text, currency).map(Some).ok_or(()),
        };
        let prices = match (price(&params.min_price), price(&params.max_price)) {
            (Ok(Some(min)), Ok(Some(max))) if min > max => None,
            (Ok(min), Ok(max)) => Some((min, max)),
            _ => None,
        };
        let (min_price_cents, max_price_cents) = prices.unwrap_or_default();
        let text: String = params.q.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            path: path.to_owned(),
            text: is_search.then(|| text.chars().take(MAX_SEARCH_CHARS).collect()),
            category: Some(params.category).filter(|slug| is_search && !slug.is_empty()),
            min_price_cents,
            max_price_cents,
            is_in_stock: !params.in_stock.is_empty(),
            sort: sort.unwrap_or(default_sort),
            page: params.page.parse().unwrap_or(1).clamp(1, MAX_PAGE),
            has_invalid_price: prices.is_none(),
            entered_prices: (params.min_price, params.max_price),
        }
    }

    /// Whether the list shows everything, in its default order, from the start.
    pub(crate) fn is_unfiltered(&self) -> bool {
        self.url() == self.path
    }

    /// Whether anything restricts the list, besides the search text.
    pub(crate) fn is_restricted(&self) -> bool {
        self.category.is_some()
            || self.min_price_cents.is_some()
            || self.max_price_cents.is_some()
            || self.is_in_stock
    }

    /// Returns the products to request.
    pub(crate) fn query(&self, category_id: Option<Uuid>) -> ProductQuery {
        ProductQuery {
            text: self.text.clone(),
            category_id,
            min_price_cents: self.min_price_cents,
            max_price_cents: self.max_price_cents,
            is_in_stock: self.is_in_stock,
            sort: Some(self.sort.name()),
            page: self.page,
            page_size: PAGE_SIZE,
        }
    }

    /// Returns the filter for another page.
    pub(crate) fn with_page(&self, page: u32) -> Self {
        Self { page, ..self.clone() }
    }

    /// Returns the filter without any restriction.
    pub(crate) fn without_restrictions(&self) -> Self {
        let no_prices = (String::new(), String::new());
        Self {
            category: None,
            min_price_cents: None,
            max_price_cents: None,
            is_in_stock: false,
            page: 1,
            has_invalid_price: false,
            entered_prices: no_prices,
            ..self.clone()
        }
    }

    /// Returns the filter with the category of a search.
    pub(crate) fn with_category(&self, slug: Option<&str>) -> Self {
        Self { category: slug.map(str::to_owned), page: 1, ..self.clone() }
    }

    /// Returns the URL of the list. Parameters with their default value are left out.
    pub(crate) fn url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut append = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        };
        let price = |cents: Option<i64>, entered: &String| {
            (cents.is_some() && !entered.is_empty()).then(|| entered.trim().to_owned())
        };
        let default_sort = if self.text.is_some() { Sort::Relevance } else { Sort::Newest };
        append("q", self.text.clone().filter(|text| !text.is_empty()));
        append("category", self.category.clone());
        append("min_price", price(self.min_price_cents, &self.entered_prices.0));
        append("max_price", price(self.max_price_cents, &self.entered_prices.1));
        append("in_stock", self.is_in_stock.then(|| "1".to_owned()));
        append("sort", (self.sort != default_sort).then(|| self.sort.name().to_owned()));
        append("page", (self.page > 1).then(|| self.page.to_string()));
        match query.finish() {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }
}

/// Highest page that is requested. Nobody turns pages that far, and the catalog would have to skip
/// as many rows.
const MAX_PAGE: u32 = 10_000;

/// Returns an entered price in the form of the others.
pub(crate) fn shown_price(entered: &str, currency: Currency) -> String {
    parse(entered, currency).map_or_else(|| entered.to_owned(), |cents| for_input(cents, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(path: &str, query: &str) -> ListingFilter {
        let mut params = ListingParams::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "q" => &mut params.q,
                "category" => &mut params.category,
                "min_price" => &mut params.min_price,
                "max_price" => &mut params.max_price,
                "in_stock" => &mut params.in_stock,
                "sort" => &mut params.sort,
                _ => &mut params.page,
            };
            *field = value.into_owned();
        }
        ListingFilter::new(path, params, Currency::USD)
    }

    #[test]
    fn url_has_only_what_differs_from_the_default() {
        for (query, url) in [
            ("", "/products"),
            ("sort=newest&page=1&min_price=&max_price=", "/products"),
            ("sort=relevance&page=x&in_stock=", "/products"),
            ("page=2&sort=name", "/products?sort=name&page=2"),
            (
                "min_price=10&max_price=19.99&in_stock=1",
                "/products?min_price=10&max_price=19.99&in_stock=1",
            ),
            ("min_price=cheap", "/products"),
            ("min_price=20&max_price=10", "/products"),
        ] {
            assert_eq!(filter("/products", query).url(), url, "{query}");
        }
        assert!(filter("/products", "").is_unfiltered());
        assert!(filter("/products", "min_price=cheap").has_invalid_price);
        assert!(filter("/products", "min_price=20&max_price=10").has_invalid_price);
    }

    #[test]
    fn search_text_is_normalized() {
        let search = filter("/search", "q=+desk+++lamp+&sort=relevance&category=books");
        assert_eq!(search.text.as_deref(), Some("desk lamp"));
        assert_eq!(search.url(), "/search?q=desk+lamp&category=books");
        assert_eq!(search.with_category(None).url(), "/search?q=desk+lamp");
        assert_eq!(filter("/products", "q=lamp").text, None);
    }

    #[test]
    fn prices_are_requested_in_minor_units() {
        let query = filter("/products", "min_price=10&max_price=19.99").query(None);
        assert_eq!((query.min_price_cents, query.max_price_cents), (Some(1000), Some(1999)));
    }
}
