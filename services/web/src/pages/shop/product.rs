//! The page of a product.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use uuid::Uuid;

use super::Availability;
use super::category_tree::CategoryTree;
use super::product_image::{available_images, tint_of};
use super::{ProductCard, ProductImage};
use crate::format::json_ld;
use crate::gateway_client::{CallError, Product, ProductQuery, none_if_slow};
use crate::messages::Messages;
use crate::page::Page;
use crate::page_error::PageError;
use crate::pages::account::countries;
use crate::pages::arrival_day;
use crate::view::{Head, View};

/// Related products: one row on a desktop.
const RELATED: usize = 4;

/// Products to request: the product itself may be one of them.
const RELATED_WITH_ITSELF: u32 = 5;

/// Highest quantity that can be chosen at once. The cart accepts 99.
const MAX_CHOICE: i64 = 10;

/// Characters of the description for search engines.
const DESCRIPTION_CHARS: usize = 160;

#[derive(Template)]
#[template(path = "shop/product.html")]
struct ProductView {
    m: &'static Messages,
    product: Product,
    price: String,
    image: ProductImage,
    /// All images, if there are several.
    images: Vec<GalleryImage>,
    availability: Availability,
    breadcrumbs: Vec<(String, String)>,
    related: Vec<ProductCard>,
    /// The cost and day of the cheapest delivery, and what they are for.
    delivery: Option<(String, String)>,
    /// Why the entered quantity was rejected.
    quantity_error: Option<&'static str>,
    shop_url: String,
}

/// One of several images.
struct GalleryImage {
    src: String,
    /// The fragment of its link.
    id: String,
    /// The name of its link.
    name: String,
    alt: String,
}

impl ProductView {
    fn path(&self) -> String {
        format!("/products/{}", self.product.slug)
    }

    fn is_sold_out(&self) -> bool {
        self.availability == Availability::SoldOut
    }

    fn stock_text(&self) -> String {
        self.availability.text(self.m)
    }

    /// The quantities to choose from.
    fn quantities(&self) -> Vec<i64> {
        (1..=self.product.stock_quantity.clamp(1, MAX_CHOICE)).collect()
    }

    fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.product.description.split("\n\n").map(str::trim).filter(|text| !text.is_empty())
    }

    fn absolute(&self, path: &str) -> String {
        match path.starts_with('/') {
            true => format!("{}{path}", self.shop_url),
            false => path.to_owned(),
        }
    }
}

impl View for ProductView {
    fn head(&self) -> Head {
        let trail = self.breadcrumbs.iter().map(|(name, path)| (name.clone(), self.absolute(path)));
        let url = self.absolute(&self.path());
        let last = (self.product.name.clone(), url.clone());
        let trail: Vec<_> = trail.chain([last]).collect();
        let images = available_images(&self.product.image_urls);
        let data = json_ld::Product {
            name: &self.product.name,
            description: &self.product.description,
            url: &url,
            images: images.map(|src| self.absolute(src)).collect(),
            price: self.product.price,
            is_in_stock: !self.is_sold_out(),
        };
        Head::public(self.product.name.clone())
            .description(shorten(&self.product.description))
            .indexed(self.path())
            .image(self.image.src.clone())
            .json_ld(&data.to_value())
            .json_ld(&json_ld::breadcrumbs(&trail))
    }
}

/// `GET /products/{slug}`. An id, or another spelling of the slug, redirects to the slug.
pub(crate) async fn show(page: Page, Path(slug): Path<String>) -> Result<Response, PageError> {
    let (product, tree) = read(&page, &slug.to_lowercase()).await?;
    if product.slug != slug {
        return Ok(moved_permanently(&product));
    }
    render(page, product, tree, None).await
}

/// Shows the page of a product whose form was sent with an invalid quantity.
pub(super) async fn show_invalid_quantity(page: Page, id: Uuid) -> Result<Response, PageError> {
    let (product, tree) = read(&page, &id.to_string()).await?;
    let error = page.messages().cart.invalid_quantity;
    render(page, product, tree, Some(error)).await
}

/// Reads a product and, if possible, the categories.
async fn read(page: &Page, slug_or_id: &str) -> Result<(Product, CategoryTree), PageError> {
    let gateway = page.gateway();
    let (product, categories) =
        tokio::join!(gateway.product(slug_or_id), page.app().categories().get(gateway));
    let tree = categories.map(|categories| CategoryTree::new(&categories)).unwrap_or_default();
    Ok((product?, tree))
}

async fn render(
    page: Page,
    product: Product,
    tree: CategoryTree,
    quantity_error: Option<&'static str>,
) -> Result<Response, PageError> {
    let (related, delivery) =
        tokio::join!(none_if_slow(related(&page, &product)), delivery(&page, &product));
    let m = page.messages();
    let tint = tint_of(&tree, product.category_id);
    let view = ProductView {
        m,
        price: page.format().money(product.price),
        image: ProductImage::new(&product.name, &product.image_urls, tint),
        images: gallery(&product, m),
        availability: Availability::from_stock(product.stock_quantity),
        breadcrumbs: breadcrumbs(m, &tree, &product),
        related: ProductCard::list(&related.unwrap_or_default(), &tree, page.format(), m),
        delivery,
        quantity_error,
        shop_url: page.shop().url.to_string(),
        product,
    };
    page.render(view).await
}

/// Redirects to the one URL of a product (301).
fn moved_permanently(product: &Product) -> Response {
    let location = [(header::LOCATION, format!("/products/{}", product.slug))];
    (StatusCode::MOVED_PERMANENTLY, location).into_response()
}

/// Returns other products of the category that are in stock.
async fn related(page: &Page, product: &Product) -> Result<Vec<Product>, CallError> {
    let query = ProductQuery {
        category_id: product.category_id,
        is_in_stock: true,
        sort: Some("newest"),
        page_size: RELATED_WITH_ITSELF,
        ..ProductQuery::default()
    };
    let list = page.gateway().products(&query).await?;
    let others = list.products.into_iter().filter(|other| other.id != product.id);
    Ok(others.take(RELATED).collect())
}

/// Returns the cost and day of the cheapest delivery within the country of the shop, and the
/// sentence that says so: the address of a visitor may be unknown, and pages of a product are the
/// same for all.
async fn delivery(page: &Page, product: &Product) -> Option<(String, String)> {
    if Availability::from_stock(product.stock_quantity) == Availability::SoldOut {
        return None;
    }
    let country = countries::default_for(page.shop().locale);
    let estimates = page.app().delivery_estimates();
    let estimate = estimates.get(page.gateway(), product.id, country).await?;
    let m = page.messages();
    let cost = page.format().money(estimate.cost);
    let delivery = (m.product.delivery)(&cost, &arrival_day(page, estimate.days));
    Some((delivery, (m.product.delivery_basis)(&countries::name(country, m))))
}

/// Returns the images of a product that has several.
fn gallery(product: &Product, m: &Messages) -> Vec<GalleryImage> {
    let image = |(number, src): (usize, &String)| {
        let name = (m.product.image)(number);
        let alt = format!("{}, {name}", product.name);
        GalleryImage { src: src.clone(), id: format!("image-{number}"), name, alt }
    };
    let images: Vec<_> = (1..).zip(available_images(&product.image_urls)).map(image).collect();
    if images.len() > 1 { images } else { Vec::new() }
}

fn breadcrumbs(m: &Messages, tree: &CategoryTree, product: &Product) -> Vec<(String, String)> {
    let path = product.category_id.map(|id| tree.path(id)).unwrap_or_default();
    let above = path
        .iter()
        .map(|category| (category.name.clone(), format!("/categories/{}", category.slug)));
    let all = (m.catalog.all_products.to_owned(), "/products".to_owned());
    [all].into_iter().chain(above).collect()
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(DESCRIPTION_CHARS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
