//! The home page.

use askama::Template;
use axum::response::Response;

use super::ProductCard;
use super::category_tree::CategoryTree;
use super::product_image::{ProductImage, tint_of};
use crate::format::json_ld;
use crate::gateway_client::{Category, Product, ProductQuery, none_if_slow};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::view::{Head, View};

/// Products of a section: two rows on a desktop, four on a phone.
const SECTION_SIZE: u32 = 8;

/// Products with the lowest prices: one row on a desktop.
const ROW_SIZE: u32 = 4;

#[derive(Template)]
#[template(path = "shop/home.html")]
struct HomeView {
    m: &'static Messages,
    shop_name: String,
    shop_url: String,
    tagline: String,
    newest: Vec<ProductCard>,
    lowest_prices: Vec<ProductCard>,
    categories: Vec<CategoryTile>,
}

/// A link to a category with its number of products.
struct CategoryTile {
    name: String,
    href: String,
    description: String,
    count: String,
    tint: usize,
    /// Image of one of its products that the page shows; none if it shows none of them.
    image: Option<String>,
}

impl View for HomeView {
    fn head(&self) -> Head {
        Head::public("")
            .description(self.tagline.clone())
            .indexed("/")
            .json_ld(&json_ld::web_site(&self.shop_name, &self.shop_url))
    }
}

/// `GET /`.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let gateway = page.gateway();
    let newest =
        ProductQuery { sort: Some("newest"), page_size: SECTION_SIZE, ..ProductQuery::default() };
    let lowest = ProductQuery {
        sort: Some("price_asc"),
        is_in_stock: true,
        page_size: ROW_SIZE,
        ..ProductQuery::default()
    };
    let (newest, categories, lowest) = tokio::join!(
        gateway.products(&newest),
        page.app().categories().get(gateway),
        none_if_slow(gateway.products(&lowest)),
    );
    let (newest, categories) = (newest?, categories?);
    let tree = CategoryTree::new(&categories);
    let (m, format) = (page.messages(), page.format());
    let cards = |products: &[_]| ProductCard::list(products, &tree, format, m);
    let lowest = lowest.map(|list| list.products).unwrap_or_default();
    let shown: Vec<&Product> = newest.products.iter().chain(&lowest).collect();
    let tile = |category: &Category| CategoryTile {
        name: category.name.clone(),
        href: format!("/categories/{}", category.slug),
        description: category.description.clone(),
        count: (m.catalog.products)(category.product_count),
        tint: tint_of(&tree, Some(category.id)),
        image: image_of(category, &shown, &tree),
    };
    let view = HomeView {
        m,
        shop_name: page.shop().name.clone(),
        shop_url: page.shop().url.to_string(),
        tagline: page.shop().tagline.clone(),
        newest: cards(&newest.products),
        lowest_prices: cards(&lowest),
        categories: tree.children(None).map(tile).collect(),
    };
    page.render(view).await
}

/// Returns the image of the last of these products in a category or below it. The first ones are
/// at the top of the page.
fn image_of(category: &Category, products: &[&Product], tree: &CategoryTree) -> Option<String> {
    let position = tree.top_level_position(category.id);
    let is_inside = |product: &&&Product| {
        product.category_id.and_then(|id| tree.top_level_position(id)) == position
    };
    let image = |product: &&Product| ProductImage::new(&product.name, &product.image_urls, 1).src;
    products.iter().rev().filter(is_inside).find_map(image)
}
