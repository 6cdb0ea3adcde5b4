//! The list of all products, and of a category.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;

use super::category_tree::CategoryTree;
use super::listing::{Listing, category_links};
use super::listing_filter::{ListingFilter, ListingParams};
use crate::format::json_ld;
use crate::gateway_client::Category;
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

#[derive(Template)]
#[template(path = "shop/products.html")]
struct ProductsView {
    m: &'static Messages,
    title: String,
    description: String,
    /// Path of the list without a filter.
    path: String,
    is_unfiltered: bool,
    /// From the top level to the parent: name and path.
    breadcrumbs: Vec<(String, String)>,
    listing: Listing,
    shop_url: String,
}

impl ProductsView {
    fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.shop_url)
    }
}

impl View for ProductsView {
    fn head(&self) -> Head {
        let urls: Vec<_> =
            self.listing.cards.iter().map(|card| self.absolute(&card.href)).collect();
        let last = (self.title.clone(), self.path.clone());
        let trail = self.breadcrumbs.iter().cloned().chain([last]);
        let trail: Vec<_> = trail.map(|(name, path)| (name, self.absolute(&path))).collect();
        let head = Head::public(self.title.clone()).description(self.description.clone());
        let head = match self.is_unfiltered {
            true => head.indexed(self.path.clone()),
            false => head.variant_of(self.path.clone()),
        };
        head.json_ld(&json_ld::item_list(&urls)).json_ld(&json_ld::breadcrumbs(&trail))
    }
}

/// `GET /products`.
pub(crate) async fn show(
    page: Page,
    Query(params): Query<ListingParams>,
) -> Result<Response, PageError> {
    let categories = page.app().categories().get(page.gateway()).await?;
    let tree = CategoryTree::new(&categories);
    let filter = ListingFilter::new("/products", params, page.shop().currency);
    let m = page.messages();
    let (title, description) = (m.catalog.all_products, m.catalog.all_products_description);
    render(page, &tree, &filter, None, title.to_owned(), description.to_owned()).await
}

/// `GET /categories/{slug}`.
pub(crate) async fn show_category(
    page: Page,
    Path(slug): Path<String>,
    Query(params): Query<ListingParams>,
) -> Result<Response, PageError> {
    let categories = page.app().categories().get(page.gateway()).await?;
    let tree = CategoryTree::new(&categories);
    let category = tree.by_slug(&slug).cloned().ok_or(PageError::NotFound)?;
    let path = format!("/categories/{}", category.slug);
    let filter = ListingFilter::new(&path, params, page.shop().currency);
    let (title, description) = (category.name.clone(), category.description.clone());
    render(page, &tree, &filter, Some(&category), title, description).await
}

async fn render(
    page: Page,
    tree: &CategoryTree,
    filter: &ListingFilter,
    category: Option<&Category>,
    title: String,
    description: String,
) -> Result<Response, PageError> {
    let m = page.messages();
    let list = page.gateway().products(&filter.query(category.map(|category| category.id))).await?;
    let listing = Listing::new(&page, filter, &list, tree, category_links(tree, category));
    let view = ProductsView {
        m,
        title,
        description,
        path: filter.path.clone(),
        is_unfiltered: filter.is_unfiltered(),
        breadcrumbs: breadcrumbs(m, tree, category),
        listing,
        shop_url: page.shop().url.to_string(),
    };
    page.render(view).await
}

/// Returns what is above the list: nothing for all products.
fn breadcrumbs(
    m: &Messages,
    tree: &CategoryTree,
    category: Option<&Category>,
) -> Vec<(String, String)> {
    let Some(category) = category else { return Vec::new() };
    let path = tree.path(category.id);
    let above = path.iter().take(path.len().saturating_sub(1));
    let above =
        above.map(|category| (category.name.clone(), format!("/categories/{}", category.slug)));
    let all = (m.catalog.all_products.to_owned(), "/products".to_owned());
    [all].into_iter().chain(above).collect()
}
