//! Search results.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;

use super::ProductCard;
use super::category_tree::CategoryTree;
use super::listing::{CategoryChoice, Listing};
use super::listing_filter::{ListingFilter, ListingParams};
use crate::gateway_client::{ProductQuery, none_if_slow};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

/// Products that are shown when nothing matches: one row on a desktop.
const ALTERNATIVES: u32 = 4;

#[derive(Template)]
#[template(path = "shop/search.html")]
struct SearchView {
    m: &'static Messages,
    text: String,
    /// The results; `None` without a search text.
    listing: Option<Listing>,
    /// Shown when nothing matches.
    alternatives: Vec<ProductCard>,
    /// Shown when nothing matches: name and path.
    categories: Vec<(String, String)>,
}

impl SearchView {
    fn title(&self) -> String {
        match self.text.as_str() {
            "" => self.m.search.title.to_owned(),
            text => (self.m.search.results_for)(text),
        }
    }

    fn has_results(&self) -> bool {
        self.listing.as_ref().is_some_and(|listing| !listing.is_empty())
    }
}

impl View for SearchView {
    fn head(&self) -> Head {
        Head::public(self.title()).search_text(&self.text)
    }
}

/// `GET /search`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<ListingParams>,
) -> Result<Response, PageError> {
    let categories = page.app().categories().get(page.gateway()).await?;
    let tree = CategoryTree::new(&categories);
    let filter = ListingFilter::new("/search", params, page.shop().currency);
    let listing = match filter.text.as_deref() {
        Some("") | None => None,
        Some(_) => Some(results(&page, &filter, &tree).await?),
    };
    let mut view = SearchView {
        m: page.messages(),
        text: filter.text.clone().unwrap_or_default(),
        listing,
        alternatives: Vec::new(),
        categories: Vec::new(),
    };
    if !view.has_results() {
        let link = |name: &str, slug: &str| (name.to_owned(), format!("/categories/{slug}"));
        view.categories =
            tree.children(None).map(|category| link(&category.name, &category.slug)).collect();
        view.alternatives = alternatives(&page, &tree).await;
    }
    page.render(view).await
}

async fn results(
    page: &Page,
    filter: &ListingFilter,
    tree: &CategoryTree,
) -> Result<Listing, PageError> {
    let category = filter.category.as_deref().and_then(|slug| tree.by_slug(slug));
    let list = page.gateway().products(&filter.query(category.map(|category| category.id))).await?;
    let choices = tree.children(None).map(|choice| {
        let is_current = category.is_some_and(|category| category.id == choice.id);
        let slug = (!is_current).then_some(choice.slug.as_str());
        CategoryChoice {
            name: choice.name.clone(),
            href: filter.with_category(slug).url(),
            count: String::new(),
            is_current,
            is_nested: false,
        }
    });
    Ok(Listing::new(page, filter, &list, tree, choices.collect()))
}

async fn alternatives(page: &Page, tree: &CategoryTree) -> Vec<ProductCard> {
    let query = ProductQuery {
        sort: Some("newest"),
        is_in_stock: true,
        page_size: ALTERNATIVES,
        ..ProductQuery::default()
    };
    let list = none_if_slow(page.gateway().products(&query)).await;
    let products = list.map(|list| list.products).unwrap_or_default();
    ProductCard::list(&products, tree, page.format(), page.messages())
}
